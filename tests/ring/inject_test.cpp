// SPDX-License-Identifier: MIT
// What io_uring_enter(2) may answer: submit reports it as it is and loses nothing, run deals with
// it.
#include <support/engine.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>

namespace rondo {
namespace {

using namespace test;

class ring_answers : public ::testing::Test {
protected:
    [[nodiscard]] ring make(abi::setup flags = default_setup) {
        ring r = ring::create({.entries = 8, .cq_entries = 8, .flags = flags, .backend = &kernel_})
                     .or_throw("ring");
        r.bind_to_this_thread().or_throw("bind");
        return r;
    }
    void expect_in_order(ring& r, std::uint64_t first, std::uint64_t end) {
        for (std::uint64_t i = first; i < end; ++i)
            EXPECT_EQ(next(r).user_data, i);
    }
    faulty_kernel kernel_;
};

TEST_F(ring_answers, submit_reports_errors_as_they_are_and_loses_nothing) {
    ring r = make();
    std::uint64_t first = 0;
    for (int const code : {EINTR, EBUSY, EAGAIN, ENOMEM, EBADF}) {
        for (std::uint64_t i = 0; i < 8; ++i)
            ASSERT_TRUE(r.push(op::nop{}, first + i));
        kernel_.faults = {{code}};
        auto const failed = r.submit();
        ASSERT_FALSE(failed.has_value());
        EXPECT_EQ(failed.error(), code);
        EXPECT_EQ(failed.error().attempted(), attempt::enter);
        EXPECT_EQ(r.sq().pending(), 8u);
        EXPECT_EQ(r.in_flight(), 0u);
        EXPECT_FALSE(r.push(op::nop{}, 99)) << "still full";
        EXPECT_EQ(r.submit().or_throw("submit"), 8u);
        expect_in_order(r, first, first + 8);
        first += 8;
    }
}

TEST_F(ring_answers, submit_and_wait_reports_errors_as_they_are_too) {
    ring r = make();
    for (int const code : {EINTR, EBUSY, EAGAIN}) {
        ASSERT_TRUE(r.push(op::nop{}, 1));
        kernel_.faults = {{code}};
        auto const failed = r.submit_and_wait(1);
        ASSERT_FALSE(failed.has_value());
        EXPECT_EQ(failed.error(), code);
        EXPECT_EQ(r.submit_and_wait(1).or_throw("submit_and_wait"), 1u);
        EXPECT_EQ(next(r).user_data, 1u);
    }
}

TEST_F(ring_answers, submit_says_how_many_were_taken_and_keeps_the_rest) {
    ring r = make();
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{0, 3}, {0, 0}, {0, 1}};
    EXPECT_EQ(r.submit().or_throw("submit"), 3u);
    EXPECT_EQ(r.sq().pending(), 5u);
    ASSERT_TRUE(r.push(op::nop{}, 8));
    EXPECT_EQ(r.submit().or_throw("submit"), 0u);
    EXPECT_EQ(r.submit().or_throw("submit"), 1u);
    EXPECT_EQ(r.submit().or_throw("submit"), 5u);
    expect_in_order(r, 0, 9);
}

TEST_F(ring_answers, make_room_goes_on_after_a_signal_and_gives_up_when_nothing_moves) {
    ring r = make();
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{EINTR}, {0, 2}, {EINTR}, {0, 1}};
    EXPECT_TRUE(r.make_room(3).has_value());
    EXPECT_TRUE(kernel_.faults.empty());
    for (std::uint64_t i = 8; i < 11; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{0, 0}};
    result<> const stuck = r.make_room(1);
    ASSERT_FALSE(stuck.has_value());
    EXPECT_EQ(stuck.error(), EAGAIN);
    EXPECT_EQ(stuck.error().why(), cause::queue_full);
    expect_in_order(r, 0, 11);
}

TEST_F(ring_answers, run_deals_with_whatever_may_pass) {
    ring r = make();
    kernel_.faults = {{EINTR}, {EAGAIN}, {EBUSY}, {EINTR}, {0, 0}, {EAGAIN}};
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    EXPECT_TRUE(kernel_.faults.empty());
    EXPECT_FALSE(r.cq().ready());
}

TEST_F(ring_answers, run_deals_with_a_submission_that_is_taken_in_parts) {
    ring r = make();
    for (std::uint64_t i = 0; i < 7; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{0, 3}, {EINTR}, {0, 2}, {0, 0}, {EBUSY}, {0, 2}};
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    EXPECT_TRUE(kernel_.faults.empty());
    expect_in_order(r, 0, 7);
}

TEST_F(ring_answers, run_makes_room_in_a_full_queue_whatever_happens) {
    ring r = make();
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{EBUSY}, {EINTR}, {EAGAIN}, {0, 1}, {EBUSY}};
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    EXPECT_TRUE(kernel_.faults.empty());
    expect_in_order(r, 0, 8);
}

// Its own operation is taken back, so nothing is in flight that nobody would wait for. What others
// queued is still there.
TEST_F(ring_answers, run_takes_its_operation_back_when_it_cannot_be_submitted) {
    ring r = make();
    ASSERT_TRUE(r.push(op::nop{}, 1));
    ASSERT_TRUE(r.push(op::nop{}, 2));
    kernel_.faults = {{EINTR}, {ENXIO}};
    auto const failed = r.run(op::nop{});
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error(), ENXIO);
    EXPECT_EQ(r.sq().pending(), 2u);
    EXPECT_EQ(r.submit().or_throw("submit"), 2u);
    expect_in_order(r, 1, 3);
    abi::cqe none;
    EXPECT_FALSE(r.pop(none));
}

TEST_F(ring_answers, completions_that_run_kept_stay_in_front_when_a_later_run_fails) {
    ring r = make();
    for (std::uint64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    for (std::uint64_t i = 3; i < 11; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{0, 4}, {ENXIO}}; // the second while it waits
    EXPECT_EQ(r.run(op::nop{}).error(), ENXIO);
    expect_in_order(r, 0, 11);
}

// The way out before the operation is queued: the queue is full and stays so.
TEST_F(ring_answers, completions_that_run_kept_stay_in_front_when_no_room_can_be_made) {
    ring r = make();
    for (std::uint64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    for (std::uint64_t i = 3; i < 6; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.submit().or_throw("submit");
    for (std::uint64_t i = 6; i < 14; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    kernel_.faults = {{EBUSY}, {ENXIO}};
    EXPECT_EQ(r.run(op::nop{}).error(), ENXIO);
    EXPECT_EQ(r.submit().or_throw("submit"), 8u);
    expect_in_order(r, 0, 14);
}

TEST_F(ring_answers, a_submit_of_nothing_and_a_pop_make_no_call) {
    ring r = make();
    kernel_.enters = 0;
    r.submit().or_throw("submit");
    abi::cqe c;
    EXPECT_FALSE(r.pop(c));
    EXPECT_EQ(kernel_.enters, 0);
    ASSERT_TRUE(r.push(op::nop{}, 1));
    r.submit_and_wait(1).or_throw("submit_and_wait");
    EXPECT_EQ(kernel_.enters, 1);
    r.submit_and_wait(1).or_throw("what is there already");
    EXPECT_TRUE(r.pop(c));
    EXPECT_EQ(kernel_.enters, 1);
}

TEST_F(ring_answers, run_makes_one_call) {
    ring r = make();
    kernel_.enters = 0;
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    EXPECT_EQ(kernel_.enters, 1);
}

// What a poller shares with us, it takes without a call; asleep, one call wakes it.
TEST_F(ring_answers, a_waking_poller_needs_no_call) {
    RONDO_NEEDS_KERNEL("pollers");
    ring r = ring::create({.entries = 8, .poller = {.idle_ms = 2000}, .backend = &kernel_})
                 .or_throw("ring");
    ASSERT_TRUE(r.push(op::nop{}, 0));
    r.submit_and_wait(1).or_throw("submit_and_wait");
    static_cast<void>(next(r));
    ASSERT_FALSE(r.sq().needs_wakeup());
    kernel_.enters = 0;
    for (std::uint64_t i = 0; i < 5; ++i) {
        ASSERT_TRUE(r.push(op::nop{}, i));
        EXPECT_EQ(r.submit().or_throw("submit"), 1u);
        while (r.cq().ready() == 0)
            ::poll(nullptr, 0, 1);
        EXPECT_EQ(next(r).user_data, i);
    }
    EXPECT_EQ(kernel_.enters, 0);
}

TEST_F(ring_answers, a_poller_keeps_what_was_shown_to_it_when_the_call_fails) {
    ring r = ring::create({.entries = 8, .poller = {.idle_ms = 1}, .backend = &kernel_})
                 .or_throw("ring");
    for (int const code : {EINTR, EAGAIN, EBUSY}) {
        ASSERT_TRUE(r.push(op::nop{}, 1));
        kernel_.faults = {{code}};
        auto const failed = r.submit_and_wait(1);
        EXPECT_TRUE(failed || failed.error() == code);
        kernel_.faults.clear();
        EXPECT_EQ(next(r).user_data, 1u);
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

} // namespace
} // namespace rondo
