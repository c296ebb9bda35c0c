// SPDX-License-Identifier: MIT
#include "cat_fixture.hpp"

#include <support/loop_device.hpp>

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <chrono>
#include <cstdio>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

/// Writes it in pieces with pauses between them.
void write_slowly(int fd, std::string const& text, std::size_t pieces) {
    std::size_t const size = text.size() / pieces + 1;
    for (std::size_t at = 0; at < text.size(); at += size) {
        std::size_t const n = std::min(size, text.size() - at);
        for (std::size_t done = 0; done < n;) {
            ::ssize_t const put = ::write(fd, text.data() + at + done, n - done);
            ASSERT_GT(put, 0) << std::strerror(errno);
            done += static_cast<std::size_t>(put);
        }
        std::this_thread::sleep_for(10ms);
    }
}

TEST_F(cat, waits_for_a_slow_fifo_until_it_is_closed) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    write_file("after", "after");
    std::string const text = noise(200'000);
    program running(rondo_with({"cat", path("fifo"), path("after")}));
    std::thread writer([&] { write_slowly(open_file("fifo", O_WRONLY).get(), text, 7); });
    program_end const end = running.wait();
    writer.join();
    expect_same(end, {0, text + "after", ""}, text.size());
}

TEST_F(cat, prints_a_slow_pipe_into_a_file) {
    std::string const text = noise(200'000);
    pipe_pair pipe;
    unique_fd const out = open_file("out", O_WRONLY | O_CREAT);
    program running(rondo_with({"cat"}), {.input = pipe.out.get(), .output = out.get()});
    pipe.out.reset();
    std::thread writer([&] {
        write_slowly(pipe.in.get(), text, 5);
        pipe.in.reset();
    });
    EXPECT_EQ(running.wait().status, 0);
    writer.join();
    EXPECT_TRUE(read_file("out") == text);
}

TEST_F(cat, waits_for_non_blocking_input_and_output) {
    for (bool const into_pipe : {true, false}) {
        std::string const text = noise(700'000);
        pipe_pair in(O_CLOEXEC | O_NONBLOCK);
        int ends[2];
        ASSERT_EQ(into_pipe
                      ? ::pipe2(ends, O_CLOEXEC | O_NONBLOCK)
                      : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                  0);
        unique_fd const ours(ends[0]);
        unique_fd theirs(ends[1]);
        ::fcntl(in.in.get(), F_SETFL, 0);
        program running(rondo_with({"cat"}), {.input = in.out.get(), .output = theirs.get()});
        in.out.reset();
        theirs.reset();
        std::thread writer([&] {
            write_slowly(in.in.get(), text, 4);
            in.in.reset();
        });
        std::this_thread::sleep_for(30ms); // let the output fill up
        ::fcntl(ours.get(), F_SETFL, 0);
        std::string const got = drain(ours);
        writer.join();
        EXPECT_TRUE(got == text) << got.size();
        program_end const end = running.wait();
        EXPECT_EQ(end.status, 0);
        EXPECT_EQ(end.err, "");
    }
}

TEST_F(cat, prints_files_into_a_non_blocking_pipe) {
    std::string const text = noise(3'000'000);
    write_file("f", text);
    pipe_pair out(O_CLOEXEC | O_NONBLOCK);
    program running(rondo_with({"cat", path("f")}), {.output = out.in.get()});
    out.in.reset();
    std::this_thread::sleep_for(30ms); // let the pipe fill up
    ::fcntl(out.out.get(), F_SETFL, 0);
    EXPECT_TRUE(drain(out.out) == text);
    EXPECT_EQ(running.wait().status, 0);
}

TEST_F(cat, prints_what_is_typed_at_a_terminal_until_its_end) {
    int ours = -1;
    int theirs = -1;
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    unique_fd const keyboard(ours);
    unique_fd const terminal(theirs);
    program running(rondo_with({"cat"}), {.input = terminal.get()});
    std::string_view const typed = "one\ntwo\n\x04";
    ASSERT_EQ(::write(keyboard.get(), typed.data(), typed.size()),
              static_cast<::ssize_t>(typed.size()));
    expect_same(running.wait(), {0, "one\ntwo\n", ""}, 8);
}

TEST_F(cat, prints_to_a_terminal) {
    std::string text;
    for (int i = 0; i < 2000; ++i)
        text += "line " + std::to_string(i) + "\n";
    write_file("f", text);
    int ours = -1;
    int theirs = -1;
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    unique_fd const screen(ours);
    unique_fd terminal(theirs);
    ::termios raw_mode{};
    ::tcgetattr(terminal.get(), &raw_mode);
    ::cfmakeraw(&raw_mode);
    ::tcsetattr(terminal.get(), TCSANOW, &raw_mode);
    program running(rondo_with({"cat", path("f")}), {.output = terminal.get()});
    terminal.reset();
    EXPECT_EQ(drain(screen), text);
    EXPECT_EQ(running.wait().status, 0);
}

TEST_F(cat, prints_a_socket) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd ours(ends[0]);
    unique_fd theirs(ends[1]);
    std::string const text = noise(300'000);
    program running(rondo_with({"cat"}), {.input = theirs.get()});
    theirs.reset();
    std::thread writer([&] {
        write_slowly(ours.get(), text, 3);
        ours.reset();
    });
    expect_same(running.wait(), {0, text, ""}, text.size());
    writer.join();
}

/// Starts printing `f` into a socket and returns once the socket is full.
class stopped_midway {
public:
    explicit stopped_midway(std::string const& file) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::system_error(errno, std::system_category(), "socketpair");
        ours_.reset(ends[0]);
        unique_fd const theirs(ends[1]);
        running_.emplace(rondo_with({"cat", file}), surroundings{.output = theirs.get()});
        int before = -1;
        for (int waiting = 0; waiting == 0 || waiting != before;) {
            before = waiting;
            std::this_thread::sleep_for(50ms);
            ::ioctl(ours_.get(), FIONREAD, &waiting);
        }
    }
    std::string rest() { return drain(ours_); }
    program_end wait() { return running_->wait(); }

private:
    unique_fd ours_;
    std::optional<program> running_;
};

TEST_F(cat, prints_what_a_file_gains_while_it_is_printed) {
    std::string const text = noise(4 << 20);
    std::string const more = noise(1'000'001);
    write_file("f", text);
    stopped_midway printing(path("f"));
    unique_fd const end = open_file("f", O_WRONLY | O_APPEND);
    ASSERT_EQ(::write(end.get(), more.data(), more.size()), static_cast<::ssize_t>(more.size()));
    EXPECT_TRUE(printing.rest() == text + more);
    EXPECT_EQ(printing.wait().status, 0);
}

TEST_F(cat, stops_at_the_new_end_of_a_file_that_shrinks_while_it_is_printed) {
    std::string const text = noise(6 << 20);
    write_file("f", text);
    stopped_midway printing(path("f"));
    ASSERT_EQ(::truncate(path("f").c_str(), 3'000'000), 0);
    std::string const got = printing.rest();
    EXPECT_EQ(printing.wait().status, 0);
    // What was read ahead before the cut is printed; nothing else may differ.
    EXPECT_GE(got.size(), 3'000'000u);
    EXPECT_LT(got.size(), text.size());
    EXPECT_TRUE(text.starts_with(got));
}

TEST_F(cat, prints_block_devices) {
    std::string const text = noise(5 * 1024 * 1024 + 512);
    write_file("disk", text);
    loop_device const device(path("disk"));
    if (device.name().empty())
        GTEST_SKIP() << "losetup cannot make a loop device here";
    expect_same(run_program(rondo_with({"cat", device.name()})), {0, text, ""}, text.size());
    unique_fd const out = open_file("out", O_WRONLY | O_CREAT);
    EXPECT_EQ(run_program(rondo_with({"cat", device.name()}), {.output = out.get()}).status, 0);
    EXPECT_TRUE(read_file("out") == text);
}

} // namespace
} // namespace rondo::test
