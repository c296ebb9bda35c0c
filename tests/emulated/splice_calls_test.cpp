// SPDX-License-Identifier: MIT

#include "calls_test.hpp"

#include <rondo/op/poll.hpp>
#include <rondo/op/splice.hpp>

#include <array>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>

namespace rondo::engine::emulation {
namespace {

struct ends {
    ends() {
        int numbers[2] = {-1, -1};
        EXPECT_EQ(::pipe2(numbers, O_CLOEXEC), 0);
        out.reset(numbers[0]);
        in.reset(numbers[1]);
    }
    void fill(std::string_view text) const {
        EXPECT_EQ(::write(in.get(), text.data(), text.size()), static_cast<::ssize_t>(text.size()));
    }
    [[nodiscard]] std::string drain() const {
        std::string text(4096, '\0');
        ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
        auto const n = ::read(out.get(), text.data(), text.size());
        text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        return text;
    }
    unique_fd out;
    unique_fd in;
};

class emulated_splice : public calls_test {
protected:
    emulated_splice() : calls_test(&find_splice) {
        int numbers[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers), 0);
        here_.reset(numbers[0]);
        there_.reset(numbers[1]);
    }
    ends a_, b_;
    unique_fd here_, there_;
};

TEST_F(emulated_splice, is_for_workers_only) {
    request& r = make(op::splice{.from = a_.out, .to = b_.in, .size = 5});
    EXPECT_EQ(r.what->attempt(r, false).what, outcome::kind::work);
}

TEST_F(emulated_splice, moves_between_files_and_pipes) {
    auto const file = file_with("f", "hello world");
    outcome const how = run(op::splice{.from = file, .to = a_.in, .size = 3, .from_at = 6});
    EXPECT_EQ(how.res, 3);
    EXPECT_FALSE(how.broken);
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = file, .size = 3, .to_at = 0}), 3);
    EXPECT_EQ(contents_of(file), "worlo world");
}

TEST_F(emulated_splice, that_is_short_breaks_its_chain) {
    auto const file = file_with("f", "hello");
    a_.fill("abc");
    outcome const how = run(op::splice{.from = a_.out, .to = file, .size = 5});
    EXPECT_EQ(how.res, 3);
    EXPECT_TRUE(how.broken);
}

TEST_F(emulated_splice, waits_for_an_empty_pipe_then_for_a_full_one) {
    request& r = make(op::splice{.from = a_.out, .to = b_.in, .size = 3});
    outcome const empty = attempt(r);
    EXPECT_EQ(empty.what, outcome::kind::poll);
    EXPECT_EQ(empty.events, std::uint32_t{EPOLLIN});
    EXPECT_EQ(r.fd, a_.out.get());
    EXPECT_EQ(r.second, b_.in.get());
    ::fcntl(b_.in.get(), F_SETFL, O_NONBLOCK);
    std::string const page(4096, 'x');
    while (::write(b_.in.get(), page.data(), page.size()) > 0) {
    }
    ::fcntl(b_.in.get(), F_SETFL, 0);
    a_.fill("abc");
    outcome const full = attempt(r);
    EXPECT_EQ(full.what, outcome::kind::poll);
    EXPECT_EQ(full.events, std::uint32_t{EPOLLOUT});
    EXPECT_EQ(r.fd, b_.in.get());
    EXPECT_EQ(b_.drain(), page);
    EXPECT_EQ(run(r).res, 3);
}

TEST_F(emulated_splice, does_not_wait_when_told_so) {
    auto const file = file_with("f", "");
    op::splice const told{.from = a_.out, .to = file, .size = 3, .flags = SPLICE_F_NONBLOCK};
    EXPECT_EQ(result(told), -EAGAIN);
    ::fcntl(a_.out.get(), F_SETFL, O_NONBLOCK);
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = file, .size = 3}), -EAGAIN);
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = b_.in, .size = 3}), -EAGAIN);
    EXPECT_EQ(result(op::tee{.from = a_.out, .to = b_.in, .size = 3}), -EAGAIN);
}

TEST_F(emulated_splice, ends_with_the_last_writer) {
    auto const file = file_with("f", "");
    a_.in.reset();
    outcome const how = run(op::splice{.from = a_.out, .to = file, .size = 3});
    EXPECT_EQ(how.res, 0);
    EXPECT_TRUE(how.broken);
}

TEST_F(emulated_splice, refuses_what_the_kernel_refuses_without_waiting) {
    auto const file = file_with("f", "hello"), other = file_with("g", "");
    EXPECT_EQ(result(op::splice{.from = file, .to = other, .size = 5}), -EINVAL);
    EXPECT_EQ(result(op::splice{.from = file, .to = other, .size = 0}), 0);
    EXPECT_EQ(result(op::splice{.from = -1, .to = other, .size = 0}), -EBADF);
    EXPECT_EQ(result(op::splice{.from = a_.in, .to = other, .size = 5}), -EBADF);
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = b_.in, .size = 5, .to_at = 0}), -ESPIPE);
    EXPECT_EQ(result(op::splice{.from = here_, .to = b_.in, .size = 5, .to_at = 0}), -ESPIPE);
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = a_.in, .size = 5}), -EINVAL);
    EXPECT_EQ(result(op::tee{.from = file, .to = a_.in, .size = 5}), -EINVAL);
    EXPECT_EQ(check(entry_of(op::splice{.from = file, .to = other, .size = 5, .flags = 16})),
              -EINVAL);
    abi::sqe tee = entry_of(op::tee{.from = a_.out, .to = b_.in, .size = 5});
    tee.off = 1;
    EXPECT_EQ(check(tee), -EINVAL);
    b_.out.reset();
    a_.fill("x");
    EXPECT_EQ(result(op::splice{.from = a_.out, .to = b_.in, .size = 1}), -EPIPE);
}

TEST_F(emulated_splice, waits_for_a_silent_socket) {
    request& r = make(op::splice{.from = here_, .to = b_.in, .size = 5});
    outcome const silent = attempt(r);
    EXPECT_EQ(silent.what, outcome::kind::poll);
    EXPECT_EQ(r.fd, here_.get());
    EXPECT_EQ(::send(there_.get(), "hello", 5, 0), 5);
    EXPECT_EQ(run(r).res, 5);
    EXPECT_EQ(b_.drain(), "hello");
}

TEST_F(emulated_splice, hands_a_socket_no_more_than_it_takes_and_loses_nothing) {
    ASSERT_EQ(::fcntl(a_.in.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
    std::string const text(500'000, 'x');
    a_.fill(text);
    request& r = make(op::splice{.from = a_.out, .to = here_, .size = text.size()});
    outcome how = attempt(r);
    EXPECT_EQ(how.what, outcome::kind::poll);
    EXPECT_EQ(how.events, std::uint32_t{EPOLLOUT});
    EXPECT_GT(r.progress, 0u);
    std::thread reader([this, left = text.size()]() mutable {
        std::array<char, 4096> memory;
        while (left != 0) {
            auto const n = ::recv(there_.get(), memory.data(), memory.size(), 0);
            if (n <= 0)
                return;
            left -= static_cast<std::size_t>(n);
        }
    });
    how = run(r);
    EXPECT_EQ(how.res, 500'000);
    EXPECT_FALSE(how.broken);
    here_.reset();
    reader.join();
}

TEST_F(emulated_splice, tee_leaves_the_bytes_where_they_were) {
    request& r = make(op::tee{.from = a_.out, .to = b_.in, .size = 4});
    EXPECT_EQ(attempt(r).what, outcome::kind::poll);
    a_.fill("hello");
    EXPECT_EQ(run(r).res, 4);
    EXPECT_EQ(b_.drain(), "hell");
    EXPECT_EQ(a_.drain(), "hello");
}

class emulated_pipe : public emulated_splice {};

TEST_F(emulated_pipe, gives_two_ends) {
    int numbers[2] = {-1, -1};
    EXPECT_EQ(result(op::pipe{.into = &numbers, .flags = O_NONBLOCK}), 0);
    unique_fd const out(numbers[0]), in(numbers[1]);
    EXPECT_EQ(::write(in.get(), "x", 1), 1);
    EXPECT_NE(::fcntl(out.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(out.get(), F_GETFD), 0);
    EXPECT_EQ(check(entry_of(op::pipe{.into = &numbers, .flags = O_APPEND})), -EINVAL);
    abi::sqe entry = entry_of(op::pipe{.into = &numbers});
    entry.addr = nowhere;
    EXPECT_EQ(run(make(entry)).res, -EFAULT);
    entry.file_index = 1; // slots know no O_CLOEXEC
    EXPECT_EQ(run(make(entry)).res, -EINVAL);
}

class emulated_epoll : public emulated_splice {
protected:
    unique_fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
};

TEST_F(emulated_epoll, is_told_from_a_copy_and_waited_for) {
    ::epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 7;
    request& add = make(op::epoll_ctl{
        .epoll = epoll_.get(), .fd = a_.out.get(), .action = EPOLL_CTL_ADD, .event = &event});
    ASSERT_TRUE(keep(add));
    event = {};
    EXPECT_EQ(run(add).res, 0);
    std::array<::epoll_event, 4> events{};
    request& wait = make(op::epoll_wait{.fd = epoll_, .events = events});
    outcome const nothing = wait.what->attempt(wait, false);
    EXPECT_EQ(nothing.what, outcome::kind::poll);
    EXPECT_EQ(nothing.events, std::uint32_t{EPOLLIN});
    a_.fill("x");
    EXPECT_EQ(run(wait).res, 1);
    EXPECT_EQ(std::uint64_t{events[0].data.u64}, 7u);
    EXPECT_EQ(
        result(op::epoll_ctl{.epoll = epoll_.get(), .fd = a_.out.get(), .action = EPOLL_CTL_DEL}),
        0);
}

TEST_F(emulated_epoll, refuses_what_the_kernel_refuses) {
    std::array<::epoll_event, 4> events{};
    EXPECT_EQ(result(op::epoll_wait{.fd = a_.out, .events = events}), -EINVAL);
    EXPECT_EQ(result(op::epoll_wait{.fd = epoll_, .events = {}}), -EINVAL);
    abi::sqe entry =
        entry_of(op::epoll_ctl{.epoll = epoll_.get(), .fd = a_.out.get(), .action = EPOLL_CTL_ADD});
    EXPECT_EQ(check(entry), -EFAULT);
    entry.len = EPOLL_CTL_DEL;
    EXPECT_EQ(check(entry), 0);
    entry.buf_index = 1;
    EXPECT_EQ(check(entry), -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
