// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

#include <engine/simulated/pipe.hpp>

#include <climits>

namespace rondo::engine::simulation {
namespace {

class simulated_pipe : public sockets_fixture {};

TEST_F(simulated_pipe, gives_bytes_in_order_and_ends_with_its_last_writer) {
    auto const [reader, writer] = pipe();
    EXPECT_EQ(read(reader), error(EAGAIN));
    EXPECT_EQ(write(writer, "one "), 4);
    EXPECT_EQ(write(writer, "two"), 3);
    EXPECT_EQ(waiting_bytes(reader), 7);
    EXPECT_EQ(read(reader, 5), "one t");
    long const copy = keep(call(SYS_fcntl, writer, F_DUPFD, 0));
    EXPECT_EQ(close(writer), 0);
    EXPECT_EQ(read(reader), "wo");
    EXPECT_EQ(read(reader), error(EAGAIN));
    EXPECT_EQ(ready(reader), 0u);
    EXPECT_EQ(close(copy), 0);
    EXPECT_EQ(read(reader), "");
    EXPECT_EQ(ready(reader), std::uint32_t{EPOLLHUP});
}

TEST_F(simulated_pipe, writing_without_a_reader_is_epipe_and_shows_as_an_error) {
    auto const [reader, writer] = pipe();
    EXPECT_EQ(ready(writer), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(close(reader), 0);
    EXPECT_EQ(ready(writer), EPOLLOUT | EPOLLERR);
    EXPECT_EQ(write(writer, "x"), -EPIPE);
    EXPECT_EQ(write(writer, ""), 0);
}

TEST_F(simulated_pipe, each_end_does_one_thing_only) {
    auto const [reader, writer] = pipe();
    EXPECT_EQ(write(reader, "x"), -EBADF);
    EXPECT_EQ(read(writer), error(EBADF));
    char byte = 'x';
    ::iovec const all{&byte, 1};
    EXPECT_EQ(call(SYS_pwritev2, writer, &all, 1, 5, 0, 0), -ESPIPE);
}

TEST_F(simulated_pipe, a_write_of_up_to_pipe_buf_bytes_is_whole_or_not_at_all) {
    auto const [reader, writer] = pipe();
    EXPECT_EQ(write(writer, std::string(65'536 - 100, 'a')), 65'536 - 100);
    EXPECT_EQ(write(writer, std::string(101, 'b')), -EAGAIN);
    EXPECT_EQ(write(writer, std::string(PIPE_BUF + 1, 'b')), -EAGAIN);
    EXPECT_EQ(write(writer, std::string(100, 'b')), 100);
    EXPECT_EQ(ready(writer), 0u);
    EXPECT_EQ(read(reader, PIPE_BUF - 1).size(), std::size_t{PIPE_BUF - 1});
    EXPECT_EQ(ready(writer), 0u);
    EXPECT_EQ(read(reader, 1).size(), 1u);
    EXPECT_EQ(ready(writer), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(write(writer, std::string(10'000, 'c')), PIPE_BUF);
}

TEST_F(simulated_pipe, its_capacity_can_be_changed_but_not_below_what_is_in_it) {
    auto const [reader, writer] = pipe();
    EXPECT_EQ(call(SYS_fcntl, reader, F_GETPIPE_SZ), 65'536);
    EXPECT_EQ(call(SYS_fcntl, writer, F_SETPIPE_SZ, 5000), 8192);
    EXPECT_EQ(write(writer, std::string(8192, 'a')), 8192);
    EXPECT_EQ(call(SYS_fcntl, writer, F_SETPIPE_SZ, 1), -EBUSY);
    EXPECT_EQ(ready(writer), 0u);
    EXPECT_EQ(call(SYS_fcntl, reader, F_SETPIPE_SZ, 8193), 16'384);
    EXPECT_EQ(ready(writer), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(call(SYS_fcntl, pair(SOCK_STREAM).first, F_GETPIPE_SZ), -EBADF);
}

TEST_F(simulated_pipe, flags_that_are_not_known_are_refused) {
    int ends[2];
    EXPECT_EQ(call(SYS_pipe2, ends, O_DIRECT), -EINVAL);
    EXPECT_EQ(call(SYS_pipe2, 0, 0), -EFAULT);
}

TEST_F(simulated_pipe, each_write_is_an_edge_for_the_reader_and_none_for_the_writer) {
    auto const [reader, writer] = pipe();
    edges of_reader(w, reader, EPOLLIN), of_writer(w, writer, EPOLLOUT);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(write(writer, "x"), 1);
        EXPECT_TRUE(of_reader.told());
        EXPECT_FALSE(of_reader.told());
        EXPECT_FALSE(of_writer.told());
    }
    EXPECT_EQ(read(reader), "xxx");
    EXPECT_FALSE(of_writer.told()); // it was not full
    EXPECT_EQ(write(writer, std::string(65'536, 'x')), 65'536);
    EXPECT_EQ(read(reader, 65'536).size(), 65'536u);
    EXPECT_TRUE(of_writer.told());
}

TEST_F(simulated_pipe, splice_moves_bytes_to_a_file_and_back) {
    auto const [reader, writer] = pipe();
    long const file = keep(call(SYS_openat, AT_FDCWD, "/x", O_CREAT | O_RDWR, 0644));
    ASSERT_GE(file, 0);
    EXPECT_EQ(write(writer, "hello world"), 11);
    std::int64_t at = 3;
    EXPECT_EQ(call(SYS_splice, reader, 0, file, &at, 5, 0), 5);
    EXPECT_EQ(at, 8);
    EXPECT_EQ(read(reader), " world");
    at = 4;
    EXPECT_EQ(call(SYS_splice, file, &at, writer, 0, 100, 0), 4);
    EXPECT_EQ(at, 8);
    EXPECT_EQ(read(reader), "ello");
    EXPECT_EQ(call(SYS_splice, file, 0, writer, 0, 4, 0), 4); // its own position is still 0
    EXPECT_EQ(read(reader), std::string("\0\0\0h", 4));
    EXPECT_EQ(call(SYS_splice, reader, &at, file, 0, 4, 0), -ESPIPE);
    at = -1;
    EXPECT_EQ(call(SYS_splice, file, &at, writer, 0, 4, 0), -EINVAL);
    EXPECT_EQ(call(SYS_splice, file, 0, file, 0, 4, 0), -EINVAL);
}

TEST_F(simulated_pipe, splice_moves_and_tee_copies_between_pipes) {
    auto const [from, writer] = pipe();
    auto const [reader, to] = pipe();
    EXPECT_EQ(call(SYS_tee, from, to, 10, 0), -EAGAIN);
    EXPECT_EQ(write(writer, "abcdef"), 6);
    EXPECT_EQ(call(SYS_tee, from, to, 4, 0), 4);
    EXPECT_EQ(read(reader), "abcd");
    EXPECT_EQ(call(SYS_splice, from, 0, to, 0, 4, 0), 4);
    EXPECT_EQ(read(reader), "abcd");
    EXPECT_EQ(read(from), "ef");
    EXPECT_EQ(call(SYS_splice, from, 0, writer, 0, 4, 0), -EINVAL);
    EXPECT_EQ(close(writer), 0);
    EXPECT_EQ(call(SYS_splice, from, 0, to, 0, 4, 0), 0);
    EXPECT_EQ(close(reader), 0);
    EXPECT_EQ(call(SYS_splice, from, 0, to, 0, 4, 0), -EPIPE);
}

TEST_F(simulated_pipe, splice_moves_bytes_between_a_pipe_and_a_socket) {
    auto const [reader, writer] = pipe();
    auto const [near, far] = pair(SOCK_STREAM);
    EXPECT_EQ(write(writer, "to the socket"), 13);
    EXPECT_EQ(call(SYS_splice, reader, 0, near, 0, 100, 0), 13);
    EXPECT_EQ(receive(far), "to the socket");
    EXPECT_EQ(call(SYS_splice, near, 0, writer, 0, 100, 0), -EAGAIN);
    EXPECT_EQ(send(far, "back"), 4);
    EXPECT_EQ(call(SYS_splice, near, 0, writer, 0, 100, 0), 4);
    EXPECT_EQ(read(reader), "back");
    EXPECT_EQ(close(far), 0);
    EXPECT_EQ(call(SYS_splice, near, 0, writer, 0, 100, 0), 0);
}

class simulated_short_pipe : public sockets_fixture {
protected:
    simulated_short_pipe() : sockets_fixture({.short_count = 0.7, .net_ns = 0}, 7) {}
};

TEST_F(simulated_short_pipe, moves_less_by_chance_but_loses_nothing_and_keeps_small_writes_whole) {
    auto const [reader, writer] = pipe();
    std::string sent, got;
    bool was_short = false;
    for (int i = 0; i < 20; ++i) {
        std::string const more(6000, static_cast<char>('a' + i));
        long const wrote = write(writer, more);
        if (wrote > 0)
            sent.append(more, 0, static_cast<std::size_t>(wrote));
        was_short = was_short || (wrote > 0 && wrote < 6000);
        EXPECT_EQ(write(writer, std::string(1000, 'z')), 1000);
        sent.append(1000, 'z');
        got += read(reader, 9000);
    }
    while (waiting_bytes(reader) > 0)
        got += read(reader, 9000);
    EXPECT_TRUE(was_short);
    EXPECT_TRUE(got == sent);
}

} // namespace
} // namespace rondo::engine::simulation
