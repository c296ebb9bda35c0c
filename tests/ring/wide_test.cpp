// SPDX-License-Identifier: MIT
// 32-byte completions and 128-byte submissions, on every set-up.
#include <support/child.hpp>
#include <support/matrix.hpp>

#include <rondo/op/control.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace rondo {
namespace {

using namespace test;

class ring_wide : public matrix_test {
protected:
    /// A nop whose completion carries its number in both halves.
    static op::nop wide(std::uint64_t i) {
        return {.flags = abi::nop_flag::cqe32, .extra = {i * 3, ~i}};
    }
    static void expect_wide(abi::cqe32 const& c, std::uint64_t i) {
        EXPECT_EQ(c.head.user_data, i);
        EXPECT_EQ(c.head.res, 0);
        EXPECT_EQ(c.extra[0], i * 3);
        EXPECT_EQ(c.extra[1], ~i);
    }
    static void expect_narrow(abi::cqe32 const& c, std::uint64_t i) {
        EXPECT_EQ(c.head.user_data, i);
        EXPECT_EQ(c.head.res, 0);
        if (!GetParam().has(abi::setup::cqe32)) {
            EXPECT_EQ(c.extra[0], 0u);
            EXPECT_EQ(c.extra[1], 0u);
        }
    }
};
RONDO_FOR_EVERY_SET_UP(ring_wide);

#define RONDO_NEEDS_WIDE_COMPLETIONS()                                                             \
    do {                                                                                           \
        if (!GetParam().has_wide_completions())                                                    \
            GTEST_SKIP() << "completions are 16 bytes in this set-up";                             \
    } while (false)

TEST_P(ring_wide, completions_carry_sixteen_bytes_more) {
    RONDO_NEEDS_WIDE_COMPLETIONS();
    ring r = make(8);
    for (std::uint64_t i = 0; i < 8; ++i)
        push(r, wide(i), i);
    for (std::uint64_t i = 0; i < 8; ++i)
        expect_wide(next<abi::cqe32>(r), i);
    abi::cqe32 none;
    EXPECT_FALSE(r.pop(none));
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_wide, completions_need_a_ring_that_has_them) {
    if (GetParam().has_wide_completions())
        GTEST_SKIP() << "this set-up has them";
    ring r = make(8);
    push(r, wide(1), 1);
    EXPECT_EQ(next(r).res, -EINVAL);
}

// In a mixed queue a pair never wraps around: the kernel fills the last slot with a completion that
// nobody sees.
TEST_P(ring_wide, both_sizes_mix_and_wrap_around) {
    RONDO_NEEDS_WIDE_COMPLETIONS();
    ring r = make(4, 8);
    std::uint64_t pushed = 0, popped = 0;
    auto const is_wide = [](std::uint64_t i) { return i % 3 == 1 || i % 7 == 2; };
    auto const reap = [&](std::uint64_t leave) {
        while (pushed - popped > leave) {
            abi::cqe32 const c = next<abi::cqe32>(r);
            is_wide(popped) ? expect_wide(c, popped) : expect_narrow(c, popped);
            ++popped;
        }
    };
    for (int round = 0; round < 500; ++round) {
        for (int i = 0; i < 1 + round % 4; ++i, ++pushed)
            push(r, is_wide(pushed) ? wide(pushed) : op::nop{}, pushed);
        r.submit().or_throw("submit");
        reap(static_cast<std::uint64_t>(round % 2));
        ASSERT_FALSE(HasFailure()) << "in round " << round;
    }
    reap(0);
    EXPECT_EQ(r.in_flight(), 0u);
    EXPECT_EQ(r.cq().overflow(), 0u);
}

TEST_P(ring_wide, batches_keep_their_heads) {
    RONDO_NEEDS_WIDE_COMPLETIONS();
    ring r = make(8, 16);
    std::array<abi::cqe, 5> batch;
    std::uint64_t expected = 0;
    for (std::uint64_t round = 0; round < 100; ++round) {
        for (std::uint64_t i = 0; i < 5; ++i)
            push(r, i % 2 == 0 ? wide(i) : op::nop{}, round * 5 + i);
        r.submit().or_throw("submit");
        for (std::size_t seen = 0; seen < 5;) {
            std::size_t const n = r.copy_completions(batch);
            for (std::size_t i = 0; i < n; ++i)
                ASSERT_EQ(batch[i].user_data, expected++);
            seen += n;
        }
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_wide, run_keeps_the_whole_of_what_it_sets_aside) {
    RONDO_NEEDS_WIDE_COMPLETIONS();
    ring r = make(8);
    for (std::uint64_t i = 0; i < 4; ++i)
        push(r, wide(i), i);
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    EXPECT_EQ(r.run(wide(9)).or_throw("run"), 0);
    for (std::uint64_t i = 0; i < 4; ++i)
        expect_wide(next<abi::cqe32>(r), i);
}

// Linux 6.18 posts one slot more than a mixed queue has when a pair does not fit into its end. What
// is read from that slot is an older completion: it must not be taken for a new one.
TEST_P(ring_wide, completions_overflow_without_loss) {
    RONDO_NEEDS_SYSTEM("child processes");
    RONDO_NEEDS_WIDE_COMPLETIONS();
    if (GetParam().has(abi::setup::cqe_mixed))
        GTEST_SKIP() << "Linux 6.18 posts past unread completions when a mixed queue is full";
    child_end const end = in_child(
        [this] {
            ring r = make(4, 4);
            constexpr std::uint64_t count = 50;
            std::array<int, count> seen{};
            for (std::uint64_t i = 0; i < count; ++i)
                push(r, i % 2 == 0 ? wide(i) : op::nop{}, i);
            for (std::uint64_t n = 0; n < count; ++n) {
                abi::cqe32 const c = next<abi::cqe32>(r);
                std::uint64_t const i = c.head.user_data;
                ASSERT_LT(i, count);
                ASSERT_EQ(++seen[i], 1) << "completions of operation " << i;
                i % 2 == 0 ? expect_wide(c, i) : expect_narrow(c, i);
            }
            abi::cqe32 none;
            EXPECT_FALSE(r.pop(none));
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(ring_wide, a_loop_of_the_callers_own_counts_in_slots) {
    RONDO_NEEDS_WIDE_COMPLETIONS();
    ring r = make(8);
    push(r, wide(0), 0);
    push(r, wide(1), 1);
    r.submit_and_wait(2).or_throw("submit_and_wait");
    while (r.in_flight() != 0) {
        ASSERT_NE(r.cq().ready(), 0u);
        bool const pair = GetParam().has(abi::setup::cqe_mixed) &&
                          abi::has(*r.cq().at(r.cq().head()), abi::cqe_flag::cqe32);
        r.cq().advance(pair ? 2 : 1);
    }
    EXPECT_EQ(r.cq().ready(), 0u);
}

TEST_P(ring_wide, submissions_of_128_bytes_wrap_around) {
    if (!GetParam().has(abi::setup::sqe128))
        GTEST_SKIP() << "submissions are 64 bytes in this set-up";
    ring r = make(4);
    EXPECT_EQ(r.sq().entry_bytes(), 128u);
    for (std::uint64_t i = 0; i < 50; ++i) {
        if (i % 2 == 0)
            push(r, op::nop128{}, i);
        else
            push(r, op::nop{}, i);
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, i);
        bool const known = r.features().supports<op::nop128>() || i % 2 == 1;
        EXPECT_EQ(c.res, known ? 0 : -EINVAL);
    }
}

TEST_P(ring_wide, a_full_queue_of_128_bytes_refuses_a_push) {
    if (!GetParam().has(abi::setup::sqe128))
        GTEST_SKIP() << "submissions are 64 bytes in this set-up";
    ring r = make(2);
    EXPECT_TRUE(r.push(op::nop128{}, 1));
    EXPECT_TRUE(r.push(op::nop128{}, 2));
    EXPECT_FALSE(r.push(op::nop128{}, 3));
    EXPECT_EQ(next(r).user_data, 1u);
    EXPECT_EQ(next(r).user_data, 2u);
}

} // namespace
} // namespace rondo
