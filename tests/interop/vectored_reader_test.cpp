// SPDX-License-Identifier: MIT

// vectored_reader and read_exactly: places of every kind, filled from every kind of file.

#include <rondo/interop/file_stream.hpp>
#include <rondo/interop/vectored_reader.hpp>

#include <interop/vectored_pair.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

/// Places of 0 to `longest` bytes that make up all of `into`.
std::vector<mutable_bytes> places_in(std::string& into, std::size_t longest, unsigned seed) {
    std::vector<mutable_bytes> out;
    for (const_bytes const& piece : cut(into, longest, seed))
        out.emplace_back(const_cast<void*>(piece.data()), piece.size());
    return out;
}

class vectored_reader_kinds : public ::testing::TestWithParam<kind_of_file> {
protected:
    /// Runs `read(descriptor)` on a file whose contents come in small parts, and end.
    template <class Read>
    void with_contents(std::string_view text, Read read) {
        auto [in, out] = ends_of(GetParam(), directory_);
        must(::fcntl(in.get(), F_SETFL, 0), "fcntl"); // the writer here is a plain one
        auto const write = [&] {
            for (std::size_t at = 0; at < text.size(); at += 30'000) {
                std::string_view const part = text.substr(at, 30'000);
                for (std::size_t done = 0; done < part.size();)
                    done += static_cast<std::size_t>(must(
                        static_cast<int>(::write(in.get(), part.data() + done, part.size() - done)),
                        "write"));
                if (GetParam() != kind_of_file::regular)
                    std::this_thread::sleep_for(1ms);
            }
            in.reset();
        };
        if (GetParam() == kind_of_file::regular) {
            write();
            return read(out);
        }
        std::thread writer(write);
        read(out);
        writer.join();
    }
    temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(all, vectored_reader_kinds, ::testing::ValuesIn(every_kind));

TEST_P(vectored_reader_kinds, fill_places_in_order) {
    std::string const text = numbered(100'000);
    with_contents(text, [&](unique_fd const& fd) {
        auto in = vectored_reader::create(fd).or_throw("create");
        std::string head(60'000, '\0');
        std::array<char, 1000> middle;
        std::vector<std::byte> tail(39'000);
        RONDO_EXPECT_OK(in.append(head));
        RONDO_EXPECT_OK(in.append(mutable_bytes()));
        RONDO_EXPECT_OK(in.append(middle));
        RONDO_EXPECT_OK(in.append(::iovec{tail.data(), tail.size()}));
        EXPECT_EQ(in.pending().size(), 3u);
        EXPECT_EQ(in.pending_bytes(), text.size());
        EXPECT_EQ(in.fill().or_throw("fill"), text.size());
        EXPECT_EQ(in.filled(), text.size());
        EXPECT_FALSE(in.at_end());
        EXPECT_TRUE(in.pending().empty());
        EXPECT_TRUE(head == text.substr(0, 60'000));
        EXPECT_TRUE(std::string_view(middle.data(), 1000) == text.substr(60'000, 1000));
        EXPECT_EQ(std::memcmp(tail.data(), text.data() + 61'000, 39'000), 0);

        char more = 'm';
        RONDO_EXPECT_OK(in.append({&more, 1}));
        EXPECT_EQ(in.fill().or_throw("fill"), 0u);
        EXPECT_TRUE(in.at_end());
        EXPECT_EQ(in.pending_bytes(), 1u);
        in.clear();
        EXPECT_EQ(in.fill().or_throw("fill"), 0u);
        EXPECT_FALSE(in.at_end()) << "nothing was asked for";
    });
}

TEST_P(vectored_reader_kinds, fill_more_places_than_one_call_takes) {
    std::string const text = numbered(1'000'000);
    std::string got(text.size() + 5000, '\0');
    with_contents(text, [&](unique_fd const& fd) {
        auto const places = places_in(got, 700, 5);
        ASSERT_GT(places.size(), 2u * 1024);
        EXPECT_EQ(read_exactly(fd, places).or_throw("read_exactly"), text.size());
        EXPECT_TRUE(got.substr(0, text.size()) == text);
    });
    std::string again(text.size(), '\0');
    with_contents(text, [&](unique_fd const& fd) {
        auto in = vectored_reader::create(fd).or_throw("create");
        for (mutable_bytes const& place : places_in(again, 700, 6))
            in.append(place).or_throw("append");
        EXPECT_EQ(in.fill().or_throw("fill"), text.size());
        EXPECT_TRUE(again == text);
    });
}

TEST_P(vectored_reader_kinds, tell_how_much_an_early_end_left_unfilled) {
    with_contents("0123456789", [&](unique_fd const& fd) {
        auto in = vectored_reader::create(fd, {.within = 10s}).or_throw("create");
        std::array<char, 4> places[4];
        for (auto& place : places)
            RONDO_EXPECT_OK(in.append(place));
        EXPECT_EQ(in.fill().or_throw("fill"), 10u);
        EXPECT_TRUE(in.at_end());
        EXPECT_EQ(in.pending().size(), 2u);
        EXPECT_EQ(in.pending().front().iov_base, places[2].data() + 2);
        EXPECT_EQ(in.pending_bytes(), 6u);
    });
}

TEST(vectored_reader, goes_on_where_a_deadline_ended_it) {
    for (kind_of_file kind : {kind_of_file::tcp, kind_of_file::pipe, kind_of_file::unix_socket,
                              kind_of_file::non_blocking_tcp, kind_of_file::non_blocking_pipe}) {
        temporary_directory directory;
        auto [to, from] = ends_of(kind, directory);
        call_deadline until;
        until.set(30ms);
        auto in = vectored_reader::create(from, {.until = &until}).or_throw("create");
        std::string head(3, '\0');
        std::string tail(3, '\0');
        RONDO_EXPECT_OK(in.append(head));
        RONDO_EXPECT_OK(in.append(tail));
        must(static_cast<int>(::write(to.get(), "1234", 4)), "write");
        auto const filled = in.fill();
        RONDO_EXPECT_ERROR(filled, ETIME);
        EXPECT_EQ(filled.error().detail(), 4u);
        EXPECT_EQ(in.pending_bytes(), 2u);
        EXPECT_FALSE(in.at_end());
        until.set({});
        must(static_cast<int>(::write(to.get(), "56", 2)), "write");
        EXPECT_EQ(in.fill().or_throw("fill"), 2u);
        EXPECT_EQ(head + tail, "123456");
    }
}

TEST(vectored_reader, counts_what_came_before_a_reset) {
    auto [here, there] = tcp_pair();
    must(static_cast<int>(::write(there.get(), "abc", 3)), "write");
    std::thread peer([&, fd = std::move(there)]() mutable {
        std::this_thread::sleep_for(50ms);
        ::linger const at_once{1, 0};
        must(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "linger");
        fd.reset();
    });
    char place[10];
    auto const got = read_exactly(here, {mutable_bytes(place)});
    peer.join();
    RONDO_EXPECT_ERROR(got, ECONNRESET);
    EXPECT_EQ(got.error().detail(), 3u);
    EXPECT_EQ(std::string_view(place, 3), "abc");
}

TEST(vectored_reader, reads_at_a_position_and_leaves_the_offset_alone) {
    temporary_directory directory;
    auto [to, from] = ends_of(kind_of_file::regular, directory);
    must(static_cast<int>(::write(to.get(), "0123456789", 10)), "write");
    char one[2];
    char two[3];
    EXPECT_EQ(read_exactly(from, {one, two}, {.at = 4}).or_throw("read"), 5u);
    EXPECT_EQ(std::string_view(one, 2), "45");
    EXPECT_EQ(std::string_view(two, 3), "678");
    EXPECT_EQ(::lseek(from.get(), 0, SEEK_CUR), 0);
    auto in = vectored_reader::create(from, {.at = 7}).or_throw("create");
    RONDO_EXPECT_OK(in.append(one));
    EXPECT_EQ(in.fill().or_throw("fill"), 2u);
    RONDO_EXPECT_OK(in.append(one));
    EXPECT_EQ(in.fill().or_throw("fill"), 1u);
    EXPECT_EQ(one[0], '9');
    EXPECT_TRUE(in.at_end());
    EXPECT_EQ(read_exactly(from, {one}).or_throw("read"), 2u);
    EXPECT_EQ(std::string_view(one, 2), "01");
}

TEST(vectored_reader, tells_what_cannot_be_read) {
    char place[10];
    RONDO_EXPECT_ERROR(vectored_reader::create(-1), EBADF);
    temporary_directory directory;
    unique_fd const folder(must(::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    RONDO_EXPECT_ERROR(read_exactly(folder, {mutable_bytes(place)}), EISDIR);
    pipe_pair pipe;
    RONDO_EXPECT_ERROR(read_exactly(pipe.in, {mutable_bytes(place)}), EBADF);
    RONDO_EXPECT_ERROR(read_exactly(pipe.out, {mutable_bytes(place)}, {.at = 3}), ESPIPE);
    auto [one, other] = unix_pair(SOCK_DGRAM);
    RONDO_EXPECT_ERROR(read_exactly(one, {mutable_bytes(place)}), EPROTOTYPE);
}

} // namespace
} // namespace rondo::test
