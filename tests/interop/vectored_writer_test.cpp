// SPDX-License-Identifier: MIT

// vectored_writer and write_all where all goes well: every kind of file, pieces of every kind.

#include <rondo/interop/connection.hpp>
#include <rondo/interop/file_stream.hpp>
#include <rondo/interop/vectored_writer.hpp>

#include <interop/vectored_pair.hpp>

#include <array>
#include <chrono>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

class vectored_writer_kinds : public ::testing::TestWithParam<kind_of_file> {
protected:
    /// What comes out of a file while `write(descriptor)` runs, and before its end.
    template <class Write>
    std::string outcome_of(Write write) {
        auto [in, out] = ends_of(GetParam(), directory_);
        if (GetParam() == kind_of_file::regular) {
            write(in);
            return read_rest(out);
        }
        must(::fcntl(out.get(), F_SETFL, 0), "fcntl"); // the reader here is a plain one
        std::string got;
        std::thread reader([&] {
            std::this_thread::sleep_for(10ms);
            got = read_rest(out);
        });
        write(in);
        in.reset();
        reader.join();
        return got;
    }
    temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(all, vectored_writer_kinds, ::testing::ValuesIn(every_kind));

TEST_P(vectored_writer_kinds, get_borrowed_owned_and_copied_pieces_in_order) {
    EXPECT_EQ(outcome_of([](unique_fd const& fd) {
                  auto out = vectored_writer::create(fd).or_throw("create");
                  std::string kept = "borrowed, ";
                  std::string passing = "copied, ";
                  ::iovec const raw{kept.data(), 4};
                  std::string const letters = "moved letters which are too long to lie inside, ";
                  std::string own = letters;
                  EXPECT_EQ(out.append(kept).or_throw("append"), 0u);
                  EXPECT_EQ(out.append_copy(passing).or_throw("append"), 0u);
                  passing.assign("scribbled");
                  EXPECT_EQ(out.append(std::move(own)).or_throw("append"), 0u);
                  EXPECT_EQ(out.append(std::string("short, ")).or_throw("append"), 0u);
                  EXPECT_EQ(out.append(std::vector(3, std::byte{'v'})).or_throw("append"), 0u);
                  EXPECT_EQ(out.append(raw).or_throw("append"), 0u);
                  EXPECT_EQ(out.pending().size(), 6u);
                  kept[0] = 'B'; // not copied before the flush
                  std::size_t const all = 10 + 8 + letters.size() + 7 + 3 + 4;
                  EXPECT_EQ(out.pending_bytes(), all);
                  EXPECT_EQ(out.flush().or_throw("flush"), all);
                  EXPECT_EQ(out.written(), all);
                  EXPECT_EQ(out.pending_bytes(), 0u);
                  EXPECT_EQ(out.flush().or_throw("flush"), 0u);
              }),
              "Borrowed, copied, moved letters which are too long to lie inside, short, vvvBorr");
}

TEST_P(vectored_writer_kinds, get_more_bytes_in_more_pieces_than_one_call_takes) {
    std::string const text = numbered(3'000'000);
    auto const pieces = cut(text, 1500, 1);
    ASSERT_GT(pieces.size(), 3u * 1024);
    EXPECT_TRUE(outcome_of([&](unique_fd const& fd) {
                    EXPECT_EQ(write_all(fd, pieces).or_throw("write_all"), text.size());
                }) == text);
    EXPECT_TRUE(outcome_of([&](unique_fd const& fd) {
                    auto out = vectored_writer::create(fd).or_throw("create");
                    std::size_t written = 0;
                    for (const_bytes const& piece : pieces)
                        written += out.append(piece).or_throw("append");
                    EXPECT_GT(written, 0u);
                    EXPECT_LE(out.pending().size(), 1024u);
                    written += out.flush().or_throw("flush");
                    EXPECT_EQ(written, text.size());
                }) == text);
}

TEST_P(vectored_writer_kinds, get_iovecs_of_which_many_are_empty) {
    std::string const text = numbered(40'000);
    std::vector<::iovec> parts(5000, ::iovec{nullptr, 0});
    for (std::size_t i = 0; i < 4000; ++i)
        parts[i + 500] = {const_cast<char*>(text.data()) + 10 * i, 10};
    parts.insert(parts.begin() + 2000, 3000, ::iovec{nullptr, 0});
    EXPECT_TRUE(outcome_of([&](unique_fd const& fd) {
                    EXPECT_EQ(write_all(fd, parts).or_throw("write_all"), text.size());
                }) == text);
    EXPECT_TRUE(outcome_of([&](unique_fd const& fd) {
                    auto out = vectored_writer::create(fd, {.limit = 3}).or_throw("create");
                    EXPECT_EQ(out.append(parts).or_throw("append"), 0u);
                    EXPECT_EQ(out.pending().size(), 4000u);
                    EXPECT_EQ(out.flush().or_throw("flush"), text.size());
                }) == text);
}

TEST_P(vectored_writer_kinds, get_nothing_from_nothing) {
    EXPECT_EQ(outcome_of([](unique_fd const& fd) {
                  auto out = vectored_writer::create(fd).or_throw("create");
                  RONDO_EXPECT_OK(out.append(const_bytes()));
                  RONDO_EXPECT_OK(out.append(std::string()));
                  RONDO_EXPECT_OK(out.append_copy({}));
                  RONDO_EXPECT_OK(out.append(iovecs()));
                  EXPECT_TRUE(out.pending().empty());
                  EXPECT_EQ(out.flush().or_throw("flush"), 0u);
                  EXPECT_EQ(write_all(fd, {const_bytes(), const_bytes()}).or_throw("w"), 0u);
                  EXPECT_EQ(write_all(fd, iovecs()).or_throw("write_all"), 0u);
              }),
              "");
}

TEST_P(vectored_writer_kinds, get_what_a_deadline_leaves_time_for) {
    std::string const text = numbered(500'000);
    auto const pieces = cut(text, 3000, 2);
    EXPECT_TRUE(outcome_of([&](unique_fd const& fd) {
                    EXPECT_EQ(write_all(fd, pieces, {.within = 10s}).or_throw("write_all"),
                              text.size());
                }) == text);
}

class vectored_writer_files : public ::testing::Test {
protected:
    unique_fd open(int flags) {
        return unique_fd(
            must(::open(path_.c_str(), flags | O_CREAT | O_RDWR | O_CLOEXEC, 0600), "open"));
    }
    std::string contents() { return read_rest(open(0)); }

    temporary_directory directory_;
    std::string const path_ = directory_ / "file";
};

TEST_F(vectored_writer_files, flushes_by_itself_when_the_next_piece_has_no_room) {
    unique_fd const fd = open(0);
    auto out = vectored_writer::create(fd, {.limit = 2}).or_throw("create");
    EXPECT_EQ(out.append(std::string_view("one,")).or_throw("append"), 0u);
    EXPECT_EQ(out.append(std::string_view("two,")).or_throw("append"), 0u);
    EXPECT_EQ(contents(), "");
    EXPECT_EQ(out.append(std::string_view("three,")).or_throw("append"), 8u);
    EXPECT_EQ(contents(), "one,two,");
    std::string const parts[] = {"four,", "five,"};
    ::iovec const both[] = {{const_cast<char*>(parts[0].data()), 5},
                            {const_cast<char*>(parts[1].data()), 5}};
    EXPECT_EQ(out.append(both).or_throw("append"), 6u);
    EXPECT_EQ(contents(), "one,two,three,");
    EXPECT_EQ(out.flush().or_throw("flush"), 10u);
    EXPECT_EQ(contents(), "one,two,three,four,five,");
}

TEST_F(vectored_writer_files, writes_at_a_position_and_leaves_the_offset_alone) {
    unique_fd const fd = open(0);
    must(static_cast<int>(::write(fd.get(), "0123456789", 10)), "write");
    auto out = vectored_writer::create(fd, {.at = 2}).or_throw("create");
    RONDO_EXPECT_OK(out.append(std::string_view("ab")));
    RONDO_EXPECT_OK(out.flush());
    RONDO_EXPECT_OK(out.append(std::string_view("c")));
    RONDO_EXPECT_OK(out.append(std::string_view("d")));
    RONDO_EXPECT_OK(out.flush());
    EXPECT_EQ(contents(), "01abcd6789");
    EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 10);
    RONDO_EXPECT_OK(write_all(fd, {std::string_view("X"), std::string_view("Y")}, {.at = 11}));
    EXPECT_EQ(contents(), std::string_view("01abcd6789\0XY", 13));
    RONDO_EXPECT_OK(write_all(fd, {std::string_view("Z")}));
    EXPECT_EQ(contents(), "01abcd6789ZXY");
}

TEST_F(vectored_writer_files, writes_where_told_in_files_that_append) {
    unique_fd const fd = open(O_APPEND);
    RONDO_EXPECT_OK(write_all(fd, {std::string_view("0123")}));
    RONDO_EXPECT_OK(write_all(fd, {std::string_view("45")}));
    auto const placed = write_all(fd, {std::string_view("a"), std::string_view("b")}, {.at = 1});
    if (!placed && placed.error() == EOPNOTSUPP)
        GTEST_SKIP() << "RWF_NOAPPEND needs Linux 6.9";
    RONDO_EXPECT_OK(placed);
    EXPECT_EQ(contents(), "0ab345");
}

TEST_F(vectored_writer_files, serve_streams_and_connections_too) {
    ring own = ring::create({.entries = 8}).or_throw("ring");
    auto file = file_stream::open(own, path_.c_str(), O_RDWR | O_CREAT).or_throw("open");
    auto to_file = vectored_writer::create(file).or_throw("create");
    RONDO_EXPECT_OK(to_file.append(std::string_view("to the stream's offset")));
    RONDO_EXPECT_OK(to_file.flush());
    EXPECT_EQ(contents(), "to the stream's offset");

    auto [here, there] = tcp_pair();
    auto connected = connection::adopt(std::move(here)).or_throw("adopt");
    auto to_peer = vectored_writer::create(connected).or_throw("create");
    RONDO_EXPECT_OK(to_peer.append(std::string_view("hello, ")));
    RONDO_EXPECT_OK(to_peer.append(std::string_view("peer")));
    RONDO_EXPECT_OK(to_peer.flush());
    RONDO_EXPECT_OK(connected.close());
    EXPECT_EQ(read_rest(there), "hello, peer");
}

TEST_F(vectored_writer_files, use_the_ring_that_they_are_given) {
    shared_ring own = shared_ring::create({.shards = 1}).or_throw("ring");
    pipe_pair pipe;
    RONDO_EXPECT_OK(write_all(pipe.in, {std::string_view("a")}, {.on = &own}));
    EXPECT_EQ(own.statistics().submitted, 1u);
    unique_fd const file = open(0);
    RONDO_EXPECT_OK(write_all(file, {std::string_view("a")}, {.on = &own}));
    EXPECT_EQ(own.statistics().submitted, 1u) << "a plain call is faster for a regular file";
}

TEST_F(vectored_writer_files, keep_their_pieces_when_they_are_moved) {
    unique_fd const fd = open(0);
    auto first = vectored_writer::create(fd).or_throw("create");
    RONDO_EXPECT_OK(first.append(std::string("own, ")));
    RONDO_EXPECT_OK(first.append(std::string_view("borrowed")));
    vectored_writer second = std::move(first);
    RONDO_EXPECT_OK(second.flush());
    EXPECT_EQ(contents(), "own, borrowed");
}

template <class T>
concept appendable =
    requires(vectored_writer& to, T&& piece) { to.append(std::forward<T>(piece)); };

// What would be gone before the flush is refused by the compiler.
static_assert(appendable<std::string&> && appendable<std::string const&> &&
              appendable<std::string&&> && appendable<std::vector<std::byte>&&> &&
              appendable<std::string_view> && appendable<std::span<char>> &&
              appendable<std::vector<char>&> && appendable<std::array<char, 3>&>);
static_assert(!appendable<std::vector<char>&&> && !appendable<std::array<char, 3>&&> &&
              !appendable<std::string const&&>);

} // namespace
} // namespace rondo::test
