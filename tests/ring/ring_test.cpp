// SPDX-License-Identifier: MIT
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace rondo {
namespace {

TEST(ring, delivers_completions_in_the_order_of_pushes_and_wraps_around) {
    auto r = ring::create({.entries = 4}).or_throw("ring");
    for (std::uint64_t round = 0; round < 100; ++round) {
        for (std::uint64_t i = 0; i < 3; ++i)
            ASSERT_TRUE(r.push(op::nop{}, round * 3 + i));
        ASSERT_EQ(r.submit_and_wait(3).or_throw("submit"), 3u);
        abi::cqe c;
        for (std::uint64_t i = 0; i < 3; ++i) {
            ASSERT_TRUE(r.pop(c));
            EXPECT_EQ(c.user_data, round * 3 + i);
        }
        EXPECT_FALSE(r.pop(c));
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST(ring, refuses_a_push_when_the_queue_is_full) {
    auto r = ring::create({.entries = 2}).or_throw("ring");
    ASSERT_TRUE(r.push(op::nop{}, 1));
    ASSERT_TRUE(r.push(op::nop{}, 2));
    EXPECT_FALSE(r.push(op::nop{}, 3));
}

TEST(ring, keeps_the_completions_of_others_in_order_while_it_runs_an_operation) {
    auto r = ring::create({.entries = 4}).or_throw("ring");
    for (std::uint64_t i = 0; i < 4; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.run(op::nop{}).or_throw("nop");
    abi::cqe c;
    for (std::uint64_t i = 0; i < 4; ++i) {
        ASSERT_TRUE(r.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_FALSE(r.pop(c));
}

TEST(ring, gives_up_a_wait_at_its_deadline) {
    auto r = ring::create({.entries = 4}).or_throw("ring");
    auto const limit = std::chrono::milliseconds(5);
    auto const waited = r.submit_and_wait(1, limit);
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error(), ETIME);
    auto const again = r.submit_and_wait(1, std::chrono::steady_clock::now() + limit);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), ETIME);
}

TEST(ring, keeps_what_is_queued_when_it_is_resized) {
    auto r = ring::create({.entries = 4}).or_throw("ring");
    if (!has(r.features().setup, abi::setup::defer_taskrun))
        GTEST_SKIP() << "resizing needs defer_taskrun";
    for (std::uint64_t i = 0; i < 4; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    ASSERT_EQ(r.submit().or_throw("submit"), 4u);
    ASSERT_TRUE(r.push(op::nop{}, 4));
    r.resize(16, 64).or_throw("resize");
    EXPECT_EQ(r.sq().capacity(), 16u);
    for (std::uint64_t i = 5; i < 20; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.submit_and_wait(20).or_throw("submit");
    abi::cqe c;
    for (std::uint64_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(r.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

} // namespace
} // namespace rondo
