// SPDX-License-Identifier: MIT

#include <rondo/op/poll.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace rondo {
namespace {

using abi::poll_flag;

class op_poll : public test::ring_test {
protected:
    void signal(std::uint64_t by = 1) {
        EXPECT_EQ(::write(event_.get(), &by, sizeof by), static_cast<::ssize_t>(sizeof by));
    }
    void clear() {
        std::uint64_t value = 0;
        EXPECT_EQ(::read(event_.get(), &value, sizeof value), static_cast<::ssize_t>(sizeof value));
    }
    bool nothing_comes() {
        ring_.submit().or_throw("submit");
        abi::cqe c{};
        return !ring_.pop(c);
    }

    unique_fd const event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

TEST_F(op_poll, answers_the_events_that_are_there) {
    EXPECT_EQ(ring_.run(op::poll{.fd = event_, .events = POLLIN | POLLOUT}),
              std::uint32_t{POLLOUT});
    signal();
    register_files({event_.get()});
    EXPECT_EQ(ring_.run(op::poll{.fd = fd_ref::slot(0), .events = POLLIN | POLLOUT}),
              std::uint32_t{POLLIN | POLLOUT});
}

TEST_F(op_poll, waits_for_an_event_once) {
    op::poll const o{.fd = event_, .events = POLLIN};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_TRUE(nothing_comes());
    signal();
    abi::cqe const c = next();
    EXPECT_EQ(op::value_of(o, c), std::uint32_t{POLLIN});
    EXPECT_FALSE(more(c));
}

TEST_F(op_poll, knows_events_above_the_16th_bit) {
    auto const [here, there] = test::tcp_pair();
    op::poll const o{.fd = here, .events = EPOLLRDHUP | EPOLLEXCLUSIVE};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_TRUE(nothing_comes());
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    EXPECT_EQ(op::value_of(o, next()), std::uint32_t{EPOLLRDHUP});
}

TEST_F(op_poll, tells_of_a_hang_up_unasked) {
    int ends[2];
    test::must(::pipe2(ends, O_CLOEXEC), "pipe2");
    unique_fd const out(ends[0]);
    ::close(ends[1]);
    EXPECT_EQ(ring_.run(op::poll{.fd = out, .events = POLLIN}), std::uint32_t{POLLHUP});
}

TEST_F(op_poll, stream_tells_of_each_change) {
    op::poll_stream const o{.fd = event_, .events = POLLIN};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_TRUE(nothing_comes());
    for (int i = 0; i < 3; ++i) {
        signal();
        abi::cqe const c = next();
        EXPECT_EQ(op::value_of(o, c), std::uint32_t{POLLIN});
        EXPECT_TRUE(more(c));
        EXPECT_TRUE(nothing_comes());
        clear();
    }
}

TEST_F(op_poll, stream_of_states_is_told_or_refused) {
    op::poll_stream const o{.fd = event_, .events = POLLOUT, .level = true};
    ASSERT_TRUE(ring_.push(o, 1));
    abi::cqe const c = next();
    if (c.res == -EINVAL)
        GTEST_SKIP() << "this kernel refuses level-triggered polls";
    EXPECT_EQ(op::value_of(o, c), std::uint32_t{POLLOUT});
}

TEST_F(op_poll, update_changes_the_events_of_a_single_poll) {
    op::poll const o{.fd = event_, .events = POLLIN};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_OK(ring_.run(
        op::poll_update{.user_data = 1, .what = poll_flag::update_events, .events = POLLOUT}));
    abi::cqe const c = next();
    EXPECT_EQ(c.user_data, 1u);
    EXPECT_EQ(op::value_of(o, c), std::uint32_t{POLLOUT});
}

TEST_F(op_poll, update_changes_events_and_user_data_of_a_stream) {
    op::poll_stream const o{.fd = event_, .events = POLLPRI};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_OK(ring_.run(op::poll_update{
        .user_data = 1,
        .what = poll_flag::update_events | poll_flag::update_user_data | poll_flag::add_multi,
        .events = POLLIN,
        .new_user_data = 5}));
    signal();
    abi::cqe const c = next();
    EXPECT_EQ(c.user_data, 5u);
    EXPECT_TRUE(more(c));
    EXPECT_EQ(op::value_of(o, c), std::uint32_t{POLLIN});
    RONDO_EXPECT_ERROR(ring_.run(op::poll_update{.user_data = 1,
                                                 .what = poll_flag::update_user_data,
                                                 .new_user_data = 6}),
                       ENOENT);
}

TEST_F(op_poll, remove_ends_it_with_ecanceled) {
    ASSERT_TRUE(ring_.push(op::poll{.fd = event_, .events = POLLIN}, 1));
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_OK(ring_.run(op::poll_remove{.user_data = 1}));
    EXPECT_EQ(next().res, -ECANCELED);
    RONDO_EXPECT_ERROR(ring_.run(op::poll_remove{.user_data = 1}), ENOENT);
}

TEST_F(op_poll, epoll_ctl_adds_changes_and_removes) {
    unique_fd const epoll(test::must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    ::epoll_event want{};
    want.events = EPOLLIN;
    want.data.u64 = 7;
    op::epoll_ctl const add{
        .epoll = epoll.get(), .fd = event_.get(), .action = EPOLL_CTL_ADD, .event = &want};
    RONDO_EXPECT_OK(ring_.run(add));
    RONDO_EXPECT_ERROR(ring_.run(add), EEXIST);

    std::array<::epoll_event, 4> events{};
    EXPECT_EQ(::epoll_wait(epoll.get(), events.data(), 4, 0), 0);
    want.events = EPOLLOUT;
    RONDO_EXPECT_OK(ring_.run(op::epoll_ctl{
        .epoll = epoll.get(), .fd = event_.get(), .action = EPOLL_CTL_MOD, .event = &want}));
    EXPECT_EQ(::epoll_wait(epoll.get(), events.data(), 4, 0), 1);
    RONDO_EXPECT_OK(ring_.run(
        op::epoll_ctl{.epoll = epoll.get(), .fd = event_.get(), .action = EPOLL_CTL_DEL}));
    EXPECT_EQ(::epoll_wait(epoll.get(), events.data(), 4, 0), 0);
}

TEST_F(op_poll, epoll_wait_waits_for_events) {
    if (!ring_.features().supports<op::epoll_wait>())
        GTEST_SKIP() << "this kernel has no EPOLL_WAIT (Linux 6.15)";
    unique_fd const epoll(test::must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    ::epoll_event want{};
    want.events = EPOLLIN;
    want.data.u64 = 7;
    test::must(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event_.get(), &want), "epoll_ctl");
    std::array<::epoll_event, 4> events{};
    op::epoll_wait const o{.fd = epoll, .events = events};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_TRUE(nothing_comes());
    signal();
    EXPECT_EQ(op::value_of(o, next()), 1u);
    EXPECT_EQ(events[0].events, std::uint32_t{EPOLLIN});
    EXPECT_EQ(events[0].data.u64, 7u);
}

} // namespace
} // namespace rondo
