// SPDX-License-Identifier: MIT
// Queueing operations and giving them to the kernel, on every set-up.
#include <support/matrix.hpp>

#include <rondo/op/control.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <vector>

namespace rondo {
namespace {

using namespace test;

class ring_submit : public matrix_test {};
RONDO_FOR_EVERY_SET_UP(ring_submit);

TEST_P(ring_submit, nops_complete_in_order_with_their_user_data) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(r.push(op::nop{}, 0x8000'0000'0000'0000 + i));
    EXPECT_EQ(r.submit().or_throw("submit"), 8u);
    for (std::uint64_t i = 0; i < 8; ++i) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, 0x8000'0000'0000'0000 + i);
        EXPECT_EQ(c.res, 0);
        EXPECT_EQ(c.flags, 0u);
    }
    abi::cqe none;
    EXPECT_FALSE(r.pop(none));
}

TEST_P(ring_submit, has_the_sizes_that_were_asked_for_rounded_up) {
    ring const five = make(5, 33);
    EXPECT_EQ(five.features().sq_entries, 8u);
    EXPECT_EQ(five.features().cq_entries, 64u);
    ring six = make(6);
    EXPECT_EQ(six.sq().capacity(), 8u);
    EXPECT_EQ(six.cq().capacity(), 16u);
}

TEST_P(ring_submit, a_full_queue_refuses_a_push_and_loses_nothing) {
    ring r = make(4);
    for (std::uint64_t i = 0; i < 4; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_FALSE(r.push(op::nop{}, 99));
    EXPECT_FALSE(r.push(op::nop{}, 99));
    EXPECT_EQ(r.sq().unpublished(), 4u);
    EXPECT_EQ(r.submit().or_throw("submit"), 4u);
    r.make_room(1).or_throw("make_room"); // at once without a poller
    ASSERT_TRUE(r.push(op::nop{}, 4));
    r.submit().or_throw("submit");
    for (std::uint64_t i = 0; i < 5; ++i)
        EXPECT_EQ(next(r).user_data, i);
}

TEST_P(ring_submit, queues_of_one_entry_work) {
    ring r = make(1, GetParam().has(abi::setup::cqe_mixed) ? 2 : 1); // a pair must fit in
    EXPECT_EQ(r.sq().capacity(), 1u);
    for (std::uint64_t i = 0; i < 50; ++i) {
        push(r, op::nop{}, i);
        EXPECT_FALSE(!GetParam().has_poller() && r.push(op::nop{}, 99));
        r.submit().or_throw("submit");
        EXPECT_EQ(next(r).user_data, i);
    }
}

TEST_P(ring_submit, both_queues_wrap_around_many_times) {
    ring r = make(8, 16);
    std::uint64_t pushed = 0, popped = 0;
    for (std::uint32_t round = 0; round < 2000; ++round) {
        for (std::uint32_t i = 0; i < 1 + round % 8; ++i)
            push(r, op::nop{}, pushed++);
        r.submit().or_throw("submit");
        // Never empty the completion queue on the way, so that its head trails its tail.
        while (pushed - popped > 3)
            ASSERT_EQ(next(r).user_data, popped++);
    }
    while (popped < pushed)
        ASSERT_EQ(next(r).user_data, popped++);
    EXPECT_EQ(r.in_flight(), 0u);
    EXPECT_EQ(r.sq().dropped(), 0u);
    EXPECT_EQ(r.cq().overflow(), 0u);
}

TEST_P(ring_submit, nothing_queued_is_nothing_taken) {
    ring r = make();
    EXPECT_EQ(r.submit().or_throw("submit"), 0u);
    EXPECT_EQ(r.submit_and_wait(0).or_throw("submit_and_wait"), 0u);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_submit, waiting_for_what_is_there_does_not_block) {
    ring r = make();
    for (std::uint64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_EQ(r.submit_and_wait(3).or_throw("submit_and_wait"), 3u);
    EXPECT_EQ(r.submit_and_wait(3).or_throw("again"), 0u);
    for (std::uint64_t i = 0; i < 3; ++i)
        EXPECT_EQ(next(r).user_data, i);
}

TEST_P(ring_submit, results_arrive_as_the_kernel_gave_them) {
    ring r = make();
    auto const injected = [](std::int32_t result) {
        return op::nop{.flags = abi::nop_flag::inject_result, .result = result};
    };
    for (std::int32_t const result : {1, -EIO, 0x7fff'ffff, -4095}) {
        push(r, injected(result), 5);
        abi::cqe const c = next(r);
        if (c.res == -EINVAL)
            GTEST_SKIP() << "this kernel's nop has no flags";
        EXPECT_EQ(c.res, result);
    }
}

TEST_P(ring_submit, a_bad_operation_fails_alone) {
    ring r = make(8);
    op::nop const bad{.flags = static_cast<abi::nop_flag>(1u << 30)};
    push(r, op::nop{}, 0);
    push(r, bad, 1);
    push(r, op::nop{}, 2);
    push(r, op::nop{}, 3);
    auto const taken = r.submit().or_throw("submit");
    if (GetParam().has(abi::setup::submit_all)) {
        EXPECT_EQ(taken, 4u);
    }
    for (std::uint64_t i = 0; i < 4; ++i) { // next() submits what was left queued
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, i);
        EXPECT_EQ(c.res, i == 1 ? -EINVAL : 0);
    }
}

TEST_P(ring_submit, counts_what_is_in_flight_until_it_is_popped) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 5; ++i)
        push(r, op::nop{}, i);
    if (!GetParam().has_poller()) {
        EXPECT_EQ(r.in_flight(), 0u) << "queued is not submitted";
    }
    r.submit_and_wait(5).or_throw("submit_and_wait");
    for (std::uint32_t left = 5; left > 0; --left) {
        EXPECT_EQ(r.in_flight(), left);
        static_cast<void>(next(r));
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_submit, what_was_published_and_not_taken_can_be_withdrawn) {
    if (GetParam().has_poller())
        GTEST_SKIP() << "a poller may have taken it already";
    ring r = make(4);
    r.bind_to_this_thread().or_throw("bind");
    for (std::uint64_t i = 0; i < 4; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.sq().publish();
    EXPECT_TRUE(r.sq().withdraw_newest());
    EXPECT_EQ(r.sq().pending(), 3u);
    EXPECT_EQ(r.sq().withdraw(), 3u);
    EXPECT_EQ(r.sq().pending(), 0u);
    EXPECT_FALSE(r.sq().withdraw_newest());
    EXPECT_EQ(r.submit().or_throw("submit"), 0u);
    for (std::uint64_t i = 10; i < 14; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.submit().or_throw("submit");
    for (std::uint64_t i = 10; i < 14; ++i)
        EXPECT_EQ(next(r).user_data, i);
}

TEST_P(ring_submit, make_room_submits_until_there_is_room) {
    ring r = make(4, 64);
    for (std::uint64_t i = 0; i < 16; ++i) {
        r.make_room(3).or_throw("make_room");
        ASSERT_TRUE(r.push(op::nop{}, i));
        EXPECT_TRUE(r.sq().has_room(2));
    }
    r.submit().or_throw("submit");
    for (std::uint64_t i = 0; i < 16; ++i)
        EXPECT_EQ(next(r).user_data, i);
    result<> const never = r.make_room(5);
    ASSERT_FALSE(never.has_value());
    EXPECT_EQ(never.error(), EINVAL);
    EXPECT_EQ(never.error().why(), cause::too_long);
}

TEST_P(ring_submit, a_moved_ring_goes_on_where_it_was) {
    ring first = make(8);
    push(first, op::nop{}, 1);
    push(first, op::nop{}, 2);
    first.submit().or_throw("submit");
    ring second(std::move(first));
    EXPECT_EQ(next(second).user_data, 1u);
    push(second, op::nop{}, 3);
    ring third = make(8);
    push(third, op::nop{}, 99);
    third.submit().or_throw("submit");
    third = std::move(second); // closes what third was
    ring& same = third;
    third = std::move(same);
    EXPECT_EQ(next(third).user_data, 2u);
    EXPECT_EQ(next(third).user_data, 3u);
    EXPECT_EQ(third.run(op::nop{}).or_throw("run"), 0);
}

TEST_P(ring_submit, rings_live_side_by_side) {
    std::vector<ring> rings;
    for (int i = 0; i < 4; ++i)
        rings.push_back(make(4));
    for (std::uint64_t round = 0; round < 20; ++round)
        for (ring& r : rings)
            push(r, op::nop{}, round);
    for (ring& r : rings)
        for (std::uint64_t round = 0; round < 20; ++round)
            ASSERT_EQ(next(r).user_data, round);
}

TEST_P(ring_submit, raw_calls_of_the_callers_own_work) {
    if (GetParam().has_poller())
        GTEST_SKIP() << "a poller takes submissions by itself";
    ring r = make(8);
    for (std::uint64_t i = 0; i < 4; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_EQ(r.enter(4, 0, {}).or_throw("enter"), 0u) << "enter publishes nothing";
    r.sq().publish();
    EXPECT_EQ(r.enter(3, 3, abi::enter::getevents).or_throw("enter"), 3u);
    EXPECT_EQ(r.sq().pending(), 1u);
    EXPECT_EQ(r.sq().tail() - r.sq().head(), 1u);
    for (std::uint64_t i = 0; i < 4; ++i)
        EXPECT_EQ(next(r).user_data, i);
}

TEST_P(ring_submit, its_descriptor_tells_of_completions) {
    RONDO_NEEDS_SYSTEM("descriptors");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    if (GetParam().has(abi::setup::registered_fd_only)) {
        EXPECT_EQ(r.native_handle(), -1);
        return;
    }
    ::pollfd p{r.native_handle(), POLLIN, 0};
    ASSERT_GE(p.fd, 0);
    EXPECT_EQ(::poll(&p, 1, 0), 0);
    push(r, op::nop{}, 1);
    r.submit_and_wait(1).or_throw("submit_and_wait");
    EXPECT_EQ(::poll(&p, 1, 1000), 1);
    EXPECT_EQ(p.revents & POLLIN, POLLIN);
}

} // namespace
} // namespace rondo
