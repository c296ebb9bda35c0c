// SPDX-License-Identifier: MIT
// Taking completions one by one, in batches and by hand, on every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <span>

namespace rondo {
namespace {

using namespace test;

class ring_reap : public matrix_test {
protected:
    /// Submits nops that count up from `first`, and waits until all are complete.
    static void complete(ring& r, std::uint64_t first, std::uint32_t count) {
        for (std::uint64_t i = first; i < first + count; ++i)
            push(r, op::nop{}, i);
        r.submit_and_wait(count).or_throw("submit_and_wait");
    }
    static void expect_counting(std::span<abi::cqe const> batch, std::uint64_t first) {
        for (abi::cqe const& c : batch)
            EXPECT_EQ(c.user_data, first++);
    }
};
RONDO_FOR_EVERY_SET_UP(ring_reap);

TEST_P(ring_reap, nothing_is_there_at_first) {
    ring r = make();
    abi::cqe c;
    abi::cqe32 wide;
    std::array<abi::cqe, 4> batch;
    EXPECT_FALSE(r.pop(c));
    EXPECT_FALSE(r.pop(wide));
    EXPECT_EQ(r.copy_completions(batch), 0u);
    EXPECT_EQ(r.cq().ready(), 0u);
    EXPECT_EQ(r.cq().take(), nullptr);
}

TEST_P(ring_reap, a_batch_is_what_is_there_in_order) {
    ring r = make(8);
    complete(r, 0, 6);
    std::array<abi::cqe, 16> batch;
    ASSERT_EQ(r.copy_completions(batch), 6u);
    expect_counting(std::span(batch).first(6), 0);
    EXPECT_EQ(r.copy_completions(batch), 0u);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_reap, a_batch_is_no_longer_than_its_memory) {
    ring r = make(8);
    complete(r, 0, 7);
    std::array<abi::cqe, 3> batch;
    EXPECT_EQ(r.copy_completions({}), 0u);
    ASSERT_EQ(r.copy_completions(batch), 3u);
    expect_counting(batch, 0);
    ASSERT_EQ(r.copy_completions(batch), 3u);
    expect_counting(batch, 3);
    ASSERT_EQ(r.copy_completions(batch), 1u);
    EXPECT_EQ(batch[0].user_data, 6u);
}

TEST_P(ring_reap, batches_and_single_completions_mix) {
    ring r = make(8);
    std::array<abi::cqe, 2> batch;
    for (std::uint64_t round = 0; round < 100; ++round) {
        complete(r, round * 5, 5);
        EXPECT_EQ(next(r).user_data, round * 5);
        ASSERT_EQ(r.copy_completions(batch), 2u);
        expect_counting(batch, round * 5 + 1);
        EXPECT_EQ(next<abi::cqe32>(r).head.user_data, round * 5 + 3);
        EXPECT_EQ(next(r).user_data, round * 5 + 4);
    }
}

TEST_P(ring_reap, a_batch_gives_the_entries_back) {
    ring r = make(8, 8);
    std::array<abi::cqe, 8> batch;
    for (std::uint64_t round = 0; round < 20; ++round) {
        complete(r, 0, 8);
        ASSERT_EQ(r.copy_completions(batch), 8u);
        // As seen by the kernel, without another call of ours: nothing overflows.
        EXPECT_FALSE(has(r.sq().flags(), abi::sq_ring_flag::cq_overflow));
    }
    EXPECT_EQ(r.cq().overflow(), 0u);
}

TEST_P(ring_reap, single_completions_give_their_entries_back_at_the_next_submit) {
    ring r = make(8, 8);
    for (std::uint64_t round = 0; round < 20; ++round) {
        for (std::uint64_t i = 0; i < 8; ++i)
            push(r, op::nop{}, i);
        r.submit_and_wait(8).or_throw("submit_and_wait");
        EXPECT_FALSE(has(r.sq().flags(), abi::sq_ring_flag::cq_overflow));
        for (std::uint64_t i = 0; i < 8; ++i) { // and never a pop that finds nothing
            abi::cqe c;
            ASSERT_TRUE(r.pop(c));
            ASSERT_EQ(c.user_data, i);
        }
    }
}

TEST_P(ring_reap, ordinary_completions_have_zeros_behind_them) {
    ring r = make();
    complete(r, 7, 1);
    abi::cqe32 c{{}, {1, 2}};
    ASSERT_TRUE(r.pop(c));
    EXPECT_EQ(c.head.user_data, 7u);
    EXPECT_EQ(c.extra[0], 0u);
    EXPECT_EQ(c.extra[1], 0u);
    EXPECT_FALSE(r.pop(c));
}

TEST_P(ring_reap, a_loop_of_the_callers_own_reads_and_frees_entries) {
    ring r = make(8, 8);
    for (std::uint64_t round = 0; round < 20; ++round) {
        complete(r, round * 6, 6);
        completion_queue& cq = r.cq();
        ASSERT_EQ(cq.ready(), 6u);
        for (std::uint32_t i = 0; i < 6; ++i)
            EXPECT_EQ(cq.at(cq.head() + i)->user_data, round * 6 + i);
        cq.advance(6);
        EXPECT_EQ(cq.ready(), 0u);
        EXPECT_EQ(cq.head(), cq.tail());
        EXPECT_EQ(r.in_flight(), 0u);
    }
    abi::cqe c;
    EXPECT_FALSE(r.pop(c));
}

TEST_P(ring_reap, an_advance_past_part_of_the_queue_leaves_the_rest) {
    ring r = make(8, 8);
    complete(r, 0, 6);
    r.cq().advance(4);
    EXPECT_EQ(r.in_flight(), 2u);
    EXPECT_EQ(next(r).user_data, 4u);
    EXPECT_EQ(next(r).user_data, 5u);
}

TEST_P(ring_reap, a_copy_of_what_is_ready_tells_which_bits_are_set_in_it) {
    ring r = make(8, 8);
    completion_queue& cq = r.cq();
    std::array<abi::cqe, 5> taken;
    for (std::uint64_t round = 0; round < 20; ++round) {
        complete(r, round * 7, 7);
        for (std::size_t const n : {5u, 2u}) {
            std::uint64_t const first = round * 7 + (n == 5 ? 0 : 5);
            std::uint64_t bits = 0;
            for (std::uint64_t i = first; i < first + n; ++i)
                bits |= i;
            abi::cqe const seen = cq.copy_ready(std::span(taken).first(n));
            expect_counting(std::span(taken).first(n), first);
            EXPECT_EQ(seen.user_data, bits);
            EXPECT_EQ(seen.res, 0);
        }
        EXPECT_EQ(cq.ready(), 0u);
        EXPECT_EQ(r.in_flight(), 0u);
    }
}

TEST_P(ring_reap, what_take_points_to_stays_until_the_release) {
    ring r = make(8, 8);
    complete(r, 0, 2);
    abi::cqe const* const first = r.cq().take();
    abi::cqe const* const second = r.cq().take();
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(r.cq().take(), nullptr);
    EXPECT_EQ(first->user_data, 0u);
    EXPECT_EQ(second->user_data, 1u);
    r.cq().release();
    complete(r, 2, 8);
    EXPECT_FALSE(has(r.sq().flags(), abi::sq_ring_flag::cq_overflow));
    EXPECT_EQ(next(r).user_data, 2u);
}

// "0 lets the kernel post what is due without waiting": otherwise a ring whose kernel says nothing
// about pending work (defer_taskrun without taskrun_flag) could not be reaped without blocking.
TEST_P(ring_reap, a_wait_for_none_posts_what_is_due) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    pipe_pair const pipe;
    for (std::uint64_t round = 0; round < 3; ++round) {
        push(r, op::poll{.fd = pipe.out, .events = POLLIN}, round);
        r.submit().or_throw("submit");
        pipe.write("x");
        auto const until = std::chrono::steady_clock::now() + patience;
        abi::cqe c;
        bool popped = false;
        while (!popped && std::chrono::steady_clock::now() < until) {
            EXPECT_EQ(r.submit_and_wait(0).or_throw("submit_and_wait"), 0u);
            popped = r.cq().ready() != 0 && r.pop(c);
            if (!GetParam().has_poller())
                break; // the poller's own work may take a moment, ours is due here and now
        }
        ASSERT_TRUE(popped);
        EXPECT_EQ(c.user_data, round);
        char byte;
        ASSERT_EQ(::read(pipe.out.get(), &byte, 1), 1);
    }
}

// And so does one that gives the kernel something at the same time.
TEST_P(ring_reap, a_submission_that_waits_for_none_posts_what_is_due) {
    RONDO_NEEDS_ANY_OPERATION();
    if (GetParam().has_poller())
        GTEST_SKIP() << "a poller takes submissions in its own time";
    ring r = make();
    pipe_pair const pipe;
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
    r.submit().or_throw("submit");
    pipe.write("x");
    push(r, op::nop{}, 2);
    EXPECT_EQ(r.submit_and_wait(0).or_throw("submit_and_wait"), 1u);
    EXPECT_EQ(r.cq().ready(), 2u);
}

} // namespace
} // namespace rondo
