// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/region.hpp>
#include <rondo/ring/wait_region.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// A ring without a region of its own, not enabled yet.
ring ring_without_region() {
    return ring::create({.entries = 8, .wait_region = false}).or_throw("ring");
}

TEST(ring_region, lies_in_memory_of_the_librarys_the_callers_or_the_kernels) {
    auto first = ring_without_region();
    auto const own = region::create(first, {.size = 5000}).or_throw("region");
    EXPECT_EQ(own.memory().size(), 8192u);

    auto second = ring_without_region();
    auto const pages = mapping::anonymous(8192).or_throw("mapping");
    auto const callers =
        region::create(second, {.memory = {pages.data(), pages.size()}}).or_throw("region");
    EXPECT_EQ(callers.memory().data(), pages.data());

    auto third = ring_without_region();
    auto const kernels =
        region::create(third, {.size = 4096, .kernel_memory = true}).or_throw("region");
    std::memset(kernels.memory().data(), 1, kernels.memory().size());
    EXPECT_EQ(kernels.memory()[4095], std::byte{1});
}

TEST(ring_region, there_is_one_per_ring) {
    auto r = ring_without_region();
    auto const first = region::create(r).or_throw("region");
    auto const second = region::create(r);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error(), EBUSY);
    EXPECT_EQ(second.error().why(), cause::in_use);
}

TEST(ring_region, a_ring_that_made_its_own_has_no_room_for_another) {
    auto r = ring::create({.entries = 8}).or_throw("ring");
    ASSERT_TRUE(r.features().wait_region);
    auto const refused = wait_region::create(r);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::in_use);
}

TEST(ring_region, memory_that_is_not_whole_pages_is_refused) {
    auto r = ring_without_region();
    auto const pages = mapping::anonymous(8192).or_throw("mapping");
    auto const refused = region::create(r, {.memory = {pages.data() + 8, 4096}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::memory_size);
    EXPECT_FALSE(region::create(r, {.memory = {pages.data(), 100}}).has_value());
}

TEST(ring_region, an_enabled_ring_takes_no_wait_arguments_any_more) {
    auto r = ring_without_region();
    RONDO_EXPECT_OK(r.bind_to_this_thread());
    auto const refused = wait_region::create(r);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), EINVAL);
    EXPECT_EQ(refused.error().why(), cause::disabled);
}

class ring_wait_region : public ::testing::TestWithParam<bool> {
protected:
    ring ring_ = ring_without_region();
    wait_region waits_ = wait_region::create(ring_, {.slots = 2, .kernel_memory = GetParam()})
                             .or_throw("wait region");
};

TEST_P(ring_wait_region, has_whole_pages_of_slots) { EXPECT_EQ(waits_.size(), 64u); }

TEST_P(ring_wait_region, a_wait_ends_when_its_slot_says) {
    waits_.set(1, {.until = 30ms});
    waits_.set(63, {.until = 5s});
    auto const start = steady::now();
    RONDO_EXPECT_ERROR(waits_.submit_and_wait(ring_, 1, 1), ETIME);
    auto const took = steady::now() - start;
    EXPECT_GE(took, 30ms);
    EXPECT_LT(took, 3s);
}

TEST_P(ring_wait_region, a_slot_may_hold_a_point_in_time) {
    waits_.set(0, {.until = steady::now() + 30ms});
    auto const start = steady::now();
    RONDO_EXPECT_ERROR(waits_.submit_and_wait(ring_, 0, 1), ETIME);
    EXPECT_GE(steady::now() - start, 25ms);
    EXPECT_LT(steady::now() - start, 3s);
}

TEST_P(ring_wait_region, submits_what_was_pushed) {
    waits_.set(0, {.until = 5s});
    ASSERT_TRUE(ring_.push(op::nop{}, 7));
    EXPECT_EQ(waits_.submit_and_wait(ring_, 0, 1).or_throw("wait"), 1u);
    abi::cqe c{};
    ASSERT_TRUE(ring_.pop(c));
    EXPECT_EQ(c.user_data, 7u);
}

TEST_P(ring_wait_region, a_slot_without_a_deadline_waits_for_its_completion) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    unique_fd const read_end(ends[0]);
    unique_fd const write_end(ends[1]);
    std::array<char, 4> memory{};
    waits_.set(0, {});
    ASSERT_TRUE(ring_.push(op::read{.fd = read_end, .into = memory}, 7));
    ASSERT_TRUE(ring_.submit());
    ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
    EXPECT_EQ(waits_.submit_and_wait(ring_, 0, 1).or_throw("wait"), 0u);
    abi::cqe c{};
    ASSERT_TRUE(ring_.pop(c));
    EXPECT_EQ(c.res, 1);
}

TEST_P(ring_wait_region, a_slot_may_hold_a_signal_mask) {
    ::sigset_t all;
    ::sigfillset(&all);
    waits_.set(0, {.until = 10ms, .signals = &all});
    RONDO_EXPECT_ERROR(waits_.submit_and_wait(ring_, 0, 1), ETIME);
    waits_.set(0, {.until = 10ms, .signals = &all, .signals_bytes = 3});
    RONDO_EXPECT_ERROR(waits_.submit_and_wait(ring_, 0, 1), EINVAL);
}

TEST_P(ring_wait_region, moves) {
    waits_.set(0, {.until = 1ms});
    wait_region moved = std::move(waits_);
    RONDO_EXPECT_ERROR(moved.submit_and_wait(ring_, 0, 1), ETIME);
    EXPECT_EQ(waits_.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(memory, ring_wait_region, ::testing::Bool(), [](auto const& tested) {
    return tested.param ? "of_the_kernel" : "of_the_library";
});

} // namespace
} // namespace rondo
