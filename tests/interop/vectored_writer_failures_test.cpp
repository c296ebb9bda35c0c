// SPDX-License-Identifier: MIT

// vectored_writer and write_all where something goes wrong: nothing is lost, and what is not
// written can be written later, or elsewhere.

#include <rondo/interop/vectored_writer.hpp>

#include <interop/vectored_pair.hpp>

#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

std::string joined(iovecs parts) {
    std::string out;
    for (::iovec const& part : parts)
        out.append(static_cast<char const*>(part.iov_base), part.iov_len);
    return out;
}

/// A writer that holds all of `text` in pieces, of which every third is its own.
vectored_writer holding(std::string const& text, fd_ref to, vectored_options options) {
    auto const pieces = cut(text, 20'000, 3);
    options.limit = pieces.size();
    auto out = vectored_writer::create(to, options).or_throw("create");
    for (std::size_t i = 0; i < pieces.size(); ++i)
        (i % 3 == 0 ? out.append_copy(pieces[i]) : out.append(pieces[i])).or_throw("append");
    EXPECT_EQ(out.pending_bytes(), text.size());
    return out;
}

/// Closes a TCP connection so that its peer sees a reset.
void reset_connection(unique_fd& fd) {
    ::linger const at_once{1, 0};
    must(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
    fd.reset();
}

TEST(vectored_writer_failures, a_peer_that_resets_in_the_middle_leaves_the_rest_to_another) {
    auto [here, there] = tcp_pair();
    std::string const text = numbered(30'000'000);
    auto out = holding(text, here, {});
    std::thread peer([&, fd = std::move(there)]() mutable {
        char part[4096];
        for (std::size_t got = 0; got < 1'000'000;)
            got += static_cast<std::size_t>(
                must(static_cast<int>(::read(fd.get(), part, sizeof part)), "read"));
        reset_connection(fd);
    });
    auto const flushed = out.flush(); // with SIGPIPE at its default, which would end the program
    peer.join();
    ASSERT_FALSE(flushed);
    EXPECT_TRUE(flushed.error() == ECONNRESET || flushed.error() == EPIPE)
        << flushed.error().message().c_str();
    auto const written = flushed.error().detail();
    EXPECT_GE(written, 1'000'000u);
    EXPECT_EQ(out.written(), written);
    ASSERT_EQ(out.pending_bytes(), text.size() - written);
    EXPECT_TRUE(joined(out.pending()) == text.substr(written));
    RONDO_EXPECT_ERROR(out.flush(), EPIPE);
    EXPECT_EQ(out.pending_bytes(), text.size() - written);

    unwritten_pieces const rest = out.take_back();
    EXPECT_TRUE(out.pending().empty());
    EXPECT_TRUE(rest.joined() == text.substr(written));
    auto [again, other] = tcp_pair();
    std::string got;
    std::thread reader([&] { got = read_rest(other); });
    EXPECT_EQ(write_all(again, rest.pieces()).or_throw("write_all"), rest.size());
    again.reset();
    reader.join();
    EXPECT_TRUE(got == text.substr(written));
}

TEST(vectored_writer_failures, a_write_in_one_go_counts_what_it_wrote_before_a_reset) {
    auto [here, there] = tcp_pair();
    std::string const text = numbered(30'000'000);
    std::thread peer([&, fd = std::move(there)]() mutable {
        char part[4096];
        must(static_cast<int>(::read(fd.get(), part, sizeof part)), "read");
        reset_connection(fd);
    });
    auto const written = write_all(here, cut(text, 1000, 4));
    peer.join();
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error() == ECONNRESET || written.error() == EPIPE);
    EXPECT_GT(written.error().detail(), 0u);
    EXPECT_LT(written.error().detail(), text.size());
}

TEST(vectored_writer_failures, a_pipe_without_a_reader_leaves_everything) {
    ::signal(SIGPIPE, SIG_IGN);
    pipe_pair pipe;
    pipe.out.reset();
    auto out = holding("all of this", pipe.in, {});
    auto const flushed = out.flush();
    ::signal(SIGPIPE, SIG_DFL);
    RONDO_EXPECT_ERROR(flushed, EPIPE);
    EXPECT_EQ(flushed.error().detail(), 0u);
    EXPECT_EQ(joined(out.pending()), "all of this");
}

TEST(vectored_writer_failures, a_full_device_leaves_everything) {
    unique_fd const full(must(::open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full"));
    auto out = holding("all of this", full, {});
    RONDO_EXPECT_ERROR(out.flush(), ENOSPC);
    EXPECT_EQ(joined(out.pending()), "all of this");
    RONDO_EXPECT_ERROR(write_all(full, {std::string_view("x")}), ENOSPC);
}

/// The largest file that this process may write, for as long as this lives.
class size_limit {
public:
    explicit size_limit(::rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        must(::getrlimit(RLIMIT_FSIZE, &before_), "getrlimit");
        ::rlimit const now{bytes, before_.rlim_max};
        must(::setrlimit(RLIMIT_FSIZE, &now), "setrlimit");
    }
    size_limit(size_limit&&) = delete;
    ~size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, SIG_DFL);
    }

private:
    ::rlimit before_{};
};

TEST(vectored_writer_failures, a_file_that_is_full_gets_the_rest_when_there_is_room) {
    temporary_directory directory;
    unique_fd const file(
        must(::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
    std::string const text = numbered(300'000);
    auto out = holding(text, file, {});
    {
        size_limit const small(123'456);
        auto const flushed = out.flush();
        RONDO_EXPECT_ERROR(flushed, EFBIG);
        EXPECT_EQ(flushed.error().detail(), 123'456u);
        EXPECT_TRUE(joined(out.pending()) == text.substr(123'456));
    }
    EXPECT_EQ(out.flush().or_throw("flush"), text.size() - 123'456);
    EXPECT_EQ(out.written(), text.size());
    ::lseek(file.get(), 0, SEEK_SET);
    EXPECT_TRUE(read_rest(file) == text);
}

TEST(vectored_writer_failures, an_append_that_cannot_flush_takes_nothing) {
    unique_fd const full(must(::open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full"));
    auto out = vectored_writer::create(full, {.limit = 2}).or_throw("create");
    std::string own = "a string that is long enough to be on the heap";
    RONDO_EXPECT_OK(out.append(std::string_view("1")));
    RONDO_EXPECT_OK(out.append(std::string_view("2")));
    RONDO_EXPECT_ERROR(out.append(std::string_view("3")), ENOSPC);
    RONDO_EXPECT_ERROR(out.append_copy(own), ENOSPC);
    RONDO_EXPECT_ERROR(out.append(std::move(own)), ENOSPC);
    EXPECT_EQ(own, "a string that is long enough to be on the heap");
    EXPECT_EQ(joined(out.pending()), "12");
    EXPECT_EQ(out.take_back().joined(), "12");
    RONDO_EXPECT_OK(out.append(std::string_view("3")));
    EXPECT_EQ(joined(out.pending()), "3");
}

TEST(vectored_writer_failures, a_deadline_ends_a_flush_that_another_can_go_on_with) {
    for (kind_of_file kind : {kind_of_file::tcp, kind_of_file::pipe, kind_of_file::unix_socket,
                              kind_of_file::non_blocking_tcp, kind_of_file::non_blocking_pipe}) {
        temporary_directory directory;
        auto [in, from] = ends_of(kind, directory);
        must(::fcntl(from.get(), F_SETFL, 0), "fcntl");
        std::string const text = numbered(20'000'000);
        call_deadline until;
        auto out = holding(text, in, {.until = &until});
        auto const start = std::chrono::steady_clock::now();
        until.set(50ms);
        auto const flushed = out.flush();
        EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
        RONDO_EXPECT_ERROR(flushed, ETIME);
        EXPECT_GT(flushed.error().detail(), 0u);
        EXPECT_EQ(out.pending_bytes(), text.size() - flushed.error().detail());
        RONDO_EXPECT_ERROR(out.flush(), ETIME); // in the past: at once
        until.set({});
        std::string got;
        std::thread reader([&] { got = read_rest(from); });
        RONDO_EXPECT_OK(out.flush());
        in.reset();
        reader.join();
        EXPECT_TRUE(got == text) << testing::PrintToString(kind);
    }
}

TEST(vectored_writer_failures, a_deadline_reaches_a_flush_that_waits_already) {
    auto [here, there] = unix_pair();
    std::string const text = numbered(10'000'000);
    call_deadline until;
    auto out = holding(text, here, {.until = &until});
    std::thread other([&] {
        std::this_thread::sleep_for(50ms);
        until.end();
    });
    auto const flushed = out.flush();
    other.join();
    RONDO_EXPECT_ERROR(flushed, ECANCELED);
    EXPECT_EQ(flushed.error().why(), cause::ended);
    EXPECT_GT(flushed.error().detail(), 0u);
    EXPECT_EQ(out.pending_bytes(), text.size() - flushed.error().detail());
}

TEST(vectored_writer_failures, a_time_for_each_flush_begins_with_it) {
    auto [here, there] = unix_pair();
    std::string const text = numbered(10'000'000);
    auto out = holding(text, here, {.within = 20ms});
    for (int i = 0; i < 3; ++i) {
        auto const start = std::chrono::steady_clock::now();
        RONDO_EXPECT_ERROR(out.flush(), ETIME);
        EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
    }
}

TEST(vectored_writer_failures, what_cannot_be_written_to_is_told) {
    RONDO_EXPECT_ERROR(vectored_writer::create(-1), EBADF);
    RONDO_EXPECT_ERROR(write_all(-1, {std::string_view("x")}), EBADF);
    temporary_directory directory;
    unique_fd const folder(must(::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    RONDO_EXPECT_ERROR(write_all(folder, {std::string_view("x")}), EBADF);
    auto [one, other] = unix_pair(SOCK_SEQPACKET);
    RONDO_EXPECT_ERROR(write_all(one, {std::string_view("x")}), EPROTOTYPE);
    auto [here, there] = unix_pair();
    RONDO_EXPECT_ERROR(vectored_writer::create(here, {.at = 0}), ESPIPE);
    unique_fd const file(::memfd_create("file", MFD_CLOEXEC));
    RONDO_EXPECT_ERROR(vectored_writer::create(file, {.at = std::uint64_t{1} << 63}), EINVAL);
    unique_fd const reader(must(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open"));
    RONDO_EXPECT_ERROR(write_all(reader, {std::string_view("x")}), EBADF);
}

TEST(vectored_writer_failures, memory_that_is_not_there_leaves_the_pieces) {
    pipe_pair pipe;
    auto out = vectored_writer::create(pipe.in).or_throw("create");
    void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    RONDO_EXPECT_OK(out.append(const_bytes(nowhere, 10)));
    RONDO_EXPECT_ERROR(out.flush(), EFAULT);
    EXPECT_EQ(out.pending_bytes(), 10u);
    ::munmap(nowhere, 4096);
}

} // namespace
} // namespace rondo::test
