// SPDX-License-Identifier: MIT
// A ring that polls its own descriptor.
#include <rondo/op/cancel.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

namespace rondo {
namespace {

/// With defer_taskrun a kernel's ring is readable for work of its own, too.
class ring_own_poll : public ::testing::Test {
protected:
    abi::cqe next() {
        ring_.submit_and_wait(1, std::chrono::seconds(10)).or_throw("submit_and_wait");
        abi::cqe c{};
        EXPECT_TRUE(ring_.pop(c));
        return c;
    }
    void start(short events) {
        ASSERT_TRUE(ring_.push(
            op::poll{.fd = ring_.native_handle(), .events = static_cast<std::uint32_t>(events)},
            1));
        ring_.submit().or_throw("submit");
    }
    void expect_next(std::uint64_t user_data, std::int32_t res) {
        abi::cqe const c = next();
        EXPECT_EQ(c.user_data, user_data);
        EXPECT_EQ(c.res, res) << "of operation " << user_data;
        EXPECT_EQ(c.flags, 0u);
    }
    ring ring_ = ring::create({.entries = 8, .flags = {}}).or_throw("ring");
};

TEST_F(ring_own_poll, ends_with_the_next_completion) {
    start(POLLIN);
    abi::cqe none;
    EXPECT_FALSE(ring_.pop(none));
    ASSERT_TRUE(ring_.push(op::nop{}, 2));
    expect_next(2, 0);
    expect_next(1, POLLIN);
}

TEST_F(ring_own_poll, ends_at_once_when_there_is_a_completion) {
    ASSERT_TRUE(ring_.push(op::nop{}, 2));
    ring_.submit().or_throw("submit");
    start(POLLIN | POLLRDNORM);
    expect_next(2, 0);
    expect_next(1, POLLIN | POLLRDNORM);
}

TEST_F(ring_own_poll, for_room_ends_at_once) {
    start(POLLIN | POLLOUT | POLLWRNORM);
    expect_next(1, POLLOUT | POLLWRNORM);
}

TEST_F(ring_own_poll, in_the_shape_of_a_stream_ends_with_its_first_answer) {
    ASSERT_TRUE(ring_.push(op::poll_stream{.fd = ring_.native_handle(), .events = POLLIN}, 1));
    ring_.submit().or_throw("submit");
    ASSERT_TRUE(ring_.push(op::nop{}, 2));
    expect_next(2, 0);
    expect_next(1, POLLIN);
}

TEST_F(ring_own_poll, can_be_removed_and_cancelled) {
    start(POLLIN);
    ASSERT_TRUE(ring_.push(op::poll_remove{.user_data = 1}, 2));
    std::int32_t answers[3] = {};
    for (int i = 0; i < 2; ++i) {
        abi::cqe const c = next();
        answers[c.user_data] = c.res;
    }
    EXPECT_EQ(answers[1], -ECANCELED);
    EXPECT_EQ(answers[2], 0);
    start(POLLIN);
    ASSERT_TRUE(ring_.push(op::cancel{.what = op::cancel_match::user_data(1)}, 2));
    for (int i = 0; i < 2; ++i) {
        abi::cqe const c = next();
        answers[c.user_data] = c.res;
    }
    EXPECT_EQ(answers[1], -ECANCELED);
    EXPECT_EQ(answers[2], 0);
}

} // namespace
} // namespace rondo
