// SPDX-License-Identifier: MIT
// More completions than the queue holds: none is lost, their order is kept. On every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace rondo {
namespace {

using namespace test;

class ring_overflow : public matrix_test {
protected:
    /// Completes so many nops, numbered from 0, without popping any.
    static void flood(ring& r, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            push(r, op::nop{}, i);
            if (r.sq().unpublished() < r.sq().capacity() && i + 1 < count)
                continue;
            r.submit().or_throw("submit");
            r.make_room(r.sq().capacity()).or_throw("make_room");
        }
        if (GetParam().has_poller())
            wait_for_the_poller(r, static_cast<std::uint32_t>(count));
    }
    /// The poller posts what it has taken a moment later.
    static void wait_for_the_poller(ring& r, std::uint32_t count) {
        while (r.cq().ready() < std::min(count, r.cq().capacity()))
            ::poll(nullptr, 0, 1);
        while (count > r.cq().capacity() && !has(r.sq().flags(), abi::sq_ring_flag::cq_overflow))
            ::poll(nullptr, 0, 1);
    }
};
RONDO_FOR_EVERY_SET_UP(ring_overflow);

TEST_P(ring_overflow, pops_come_in_order) {
    ring r = make(4, 4);
    flood(r, 32);
    for (std::uint64_t i = 0; i < 32; ++i) {
        abi::cqe c;
        ASSERT_TRUE(r.pop(c)) << i;
        ASSERT_EQ(c.user_data, i);
    }
    abi::cqe none;
    EXPECT_FALSE(r.pop(none));
    EXPECT_EQ(r.cq().overflow(), 0u) << "the kernel dropped something";
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_overflow, batches_come_in_order) {
    ring r = make(4, 4);
    flood(r, 30);
    std::array<abi::cqe, 3> batch;
    std::uint64_t expected = 0;
    while (std::size_t const n = r.copy_completions(batch))
        for (std::size_t i = 0; i < n; ++i)
            ASSERT_EQ(batch[i].user_data, expected++);
    EXPECT_EQ(expected, 30u);
}

// The entries that were popped must be the kernel's again before it is asked for more.
TEST_P(ring_overflow, a_batch_after_single_pops_finds_what_was_held_back) {
    ring r = make(4, 4);
    flood(r, 8);
    for (std::uint64_t i = 0; i < 4; ++i) {
        abi::cqe c;
        ASSERT_TRUE(r.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    std::array<abi::cqe, 8> batch;
    ASSERT_EQ(r.copy_completions(batch), 4u);
    for (std::uint64_t i = 0; i < 4; ++i)
        EXPECT_EQ(batch[i].user_data, 4 + i);
}

TEST_P(ring_overflow, a_wait_counts_what_was_held_back) {
    ring r = make(4, 4);
    flood(r, 8);
    for (std::uint64_t i = 0; i < 8;) {
        r.submit_and_wait(4).or_throw("submit_and_wait");
        for (abi::cqe c; r.pop(c); ++i)
            ASSERT_EQ(c.user_data, i);
    }
}

TEST_P(ring_overflow, submissions_go_on_meanwhile) {
    ring r = make(4, 4);
    std::uint64_t pushed = 0, popped = 0;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 3; ++i)
            push(r, op::nop{}, pushed++);
        auto const submitted = r.submit();
        ASSERT_TRUE(submitted || submitted.error() == EBUSY) << submitted.error().message().c_str();
        if (round % 4 == 0) {
            ASSERT_EQ(next(r).user_data, popped++);
        }
    }
    while (popped < pushed)
        ASSERT_EQ(next(r).user_data, popped++);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_overflow, run_keeps_the_order_of_others_and_its_own_value) {
    ring r = make(4, 4);
    for (std::int32_t round = 0; round < 5; ++round) {
        flood(r, 20);
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        for (std::uint64_t i = 0; i < 20; ++i) {
            abi::cqe c;
            ASSERT_TRUE(r.pop(c)) << i;
            ASSERT_EQ(c.user_data, i);
        }
    }
}

TEST_P(ring_overflow, a_closed_ring_forgets_what_nobody_popped) {
    ring r = make(4, 4);
    flood(r, 40);
}

TEST_P(ring_overflow, polls_that_complete_at_once_are_all_reported) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(4, 4);
    pipe_pair const pipe;
    constexpr std::uint64_t count = 40;
    for (std::uint64_t i = 0; i < count; ++i)
        push(r, op::poll{.fd = pipe.out, .events = POLLIN}, i);
    r.submit().or_throw("submit");
    r.make_room(4).or_throw("make_room");
    pipe.write("x");
    std::vector<int> seen(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, count);
        EXPECT_EQ(c.res, POLLIN);
        ++seen[c.user_data];
    }
    EXPECT_EQ(seen, std::vector<int>(count, 1));
}

} // namespace
} // namespace rondo
