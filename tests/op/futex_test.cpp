// SPDX-License-Identifier: MIT

#include <rondo/op/futex.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace rondo {
namespace {

class op_futex : public test::ring_test {
protected:
    void wait_for(std::uint32_t const& word, std::uint64_t user_data,
                  std::uint32_t mask = op::futex_match_any) {
        ASSERT_TRUE(
            ring_.push(op::futex_wait{.word = &word, .expected = word, .mask = mask}, user_data));
        ring_.submit().or_throw("submit");
    }
    [[nodiscard]] bool nothing_completed() {
        abi::cqe c{};
        return !ring_.pop(c);
    }
};

TEST_F(op_futex, wait_for_another_value_answers_eagain) {
    std::uint32_t const word = 1;
    RONDO_EXPECT_ERROR(ring_.run(op::futex_wait{.word = &word, .expected = 2}), EAGAIN);
}

TEST_F(op_futex, wait_ends_by_a_wake_of_its_word) {
    std::uint32_t const word = 0, another = 0;
    wait_for(word, 7);
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &another}).or_throw("futex_wake"), 0u);
    EXPECT_TRUE(nothing_completed());
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &word}).or_throw("futex_wake"), 1u);
    abi::cqe const c = next();
    EXPECT_EQ(c.user_data, 7u);
    EXPECT_EQ(c.res, 0);
}

TEST_F(op_futex, wake_wakes_as_many_as_it_is_told) {
    std::uint32_t const word = 0;
    for (std::uint64_t i = 0; i < 5; ++i)
        wait_for(word, i);
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &word, .count = 2}).or_throw("futex_wake"), 2u);
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &word, .count = INT_MAX}).or_throw("futex_wake"),
              3u);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(next().res, 0);
}

TEST_F(op_futex, wake_passes_over_those_whose_mask_has_nothing_in_common) {
    std::uint32_t const word = 0;
    wait_for(word, 1, 1);
    wait_for(word, 2, 2);
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &word, .count = 9, .mask = 6}).or_throw("wake"), 1u);
    EXPECT_EQ(next().user_data, 2u);
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &word, .count = 9, .mask = 1}).or_throw("wake"), 1u);
    EXPECT_EQ(next().user_data, 1u);
}

TEST_F(op_futex, wait_and_the_system_call_meet_when_both_are_private_or_both_are_not) {
    std::uint32_t word = 0;
    wait_for(word, 1);
    EXPECT_EQ(::syscall(SYS_futex, &word, FUTEX_WAKE, 9, nullptr, nullptr, 0), 0);
    EXPECT_EQ(::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 9, nullptr, nullptr, 0), 1);
    EXPECT_EQ(next().user_data, 1u);
    ASSERT_TRUE(ring_.push(op::futex_wait{.word = &word, .expected = 0, .flags = {}}, 2));
    ring_.submit().or_throw("submit");
    EXPECT_EQ(::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 9, nullptr, nullptr, 0), 0);
    EXPECT_EQ(::syscall(SYS_futex, &word, FUTEX_WAKE, 9, nullptr, nullptr, 0), 1);
    EXPECT_EQ(next().user_data, 2u);
}

TEST_F(op_futex, waitv_says_which_word_was_woken) {
    std::uint32_t const words[3] = {4, 5, 6};
    std::array const waiters{op::futex_waiter(&words[0], 4), op::futex_waiter(&words[1], 5),
                             op::futex_waiter(&words[2], 6)};
    op::futex_waitv const wait{.waiters = waiters};
    ASSERT_TRUE(ring_.push(wait, 7));
    ring_.submit().or_throw("submit");
    EXPECT_EQ(ring_.run(op::futex_wake{.word = &words[1]}).or_throw("futex_wake"), 1u);
    EXPECT_EQ(op::value_of(wait, next()).or_throw("futex_waitv"), 1u);
}

TEST_F(op_futex, waitv_refuses_an_empty_list_and_answers_eagain_to_another_value) {
    std::uint32_t const words[2] = {4, 5};
    std::array const waiters{op::futex_waiter(&words[0], 4), op::futex_waiter(&words[1], 4)};
    RONDO_EXPECT_ERROR(ring_.run(op::futex_waitv{.waiters = waiters}), EAGAIN);
    RONDO_EXPECT_ERROR(ring_.run(op::futex_waitv{.waiters = {}}), EINVAL);
}

} // namespace
} // namespace rondo
