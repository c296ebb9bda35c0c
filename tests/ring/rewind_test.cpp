// SPDX-License-Identifier: MIT
#include <support/pipe_pair.hpp>
#include <support/rewinding_kernel.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <poll.h>

namespace rondo {
namespace {

class rewinding_ring : public ::testing::Test {
protected:
    test::rewinding_kernel kernel_;
    ring ring_ = ring::create({.entries = 8,
                               .flags = default_setup | abi::setup::sq_rewind,
                               .required = abi::setup::sq_rewind,
                               .backend = &kernel_})
                     .or_throw("ring");
};

TEST_F(rewinding_ring, takes_operations_from_the_start_of_the_array_at_every_enter) {
    abi::cqe c;
    for (std::uint64_t i = 0; i < 30; ++i) {
        ASSERT_TRUE(ring_.push(op::nop{}, i));
        ASSERT_EQ(ring_.submit_and_wait(1).or_throw("submit"), 1u);
        ASSERT_TRUE(ring_.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_EQ(ring_.in_flight(), 0u);
    EXPECT_TRUE(ring_.run(op::nop{}));
}

TEST_F(rewinding_ring, keeps_in_order_what_an_enter_did_not_take) {
    kernel_.most_per_enter = 3;
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(ring_.push(op::nop{}, i));
    EXPECT_FALSE(ring_.push(op::nop{}, 8));
    EXPECT_EQ(ring_.submit().or_throw("submit"), 3u);
    EXPECT_EQ(ring_.sq().pending(), 5u);
    EXPECT_EQ(ring_.submit().or_throw("submit"), 3u);
    EXPECT_EQ(ring_.submit().or_throw("submit"), 2u);
    ring_.submit_and_wait(8).or_throw("wait");
    abi::cqe c;
    for (std::uint64_t i = 0; i < 8; ++i) {
        ASSERT_TRUE(ring_.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
}

// Linux 7.0 answers what 6.18 does: it moves what lies between head and tail, here nothing.
TEST_F(rewinding_ring, keeps_what_is_queued_and_counts_on_when_it_is_resized) {
    test::pipe_pair const p;
    ASSERT_TRUE(ring_.push(op::poll{.fd = p.out, .events = POLLIN}, 100));
    ring_.submit().or_throw("submit");
    kernel_.most_per_enter = 3;
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(ring_.push(op::nop{}, i));
    ASSERT_EQ(ring_.submit().or_throw("submit"), 3u);
    std::uint32_t const put_in = ring_.sq().tail();
    if (ring_.features().supports(abi::register_op::resize_rings) != support::yes)
        GTEST_SKIP() << "this kernel changes no queue's size (Linux 6.13)";
    result<> const small = ring_.resize(4, 16);
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error(), EOVERFLOW);
    ring_.resize(16, 32).or_throw("resize");
    EXPECT_EQ(ring_.sq().tail(), put_in);
    EXPECT_EQ(ring_.sq().pending(), 5u);
    EXPECT_EQ(ring_.in_flight(), 4u);
    for (std::uint64_t i = 8; i < 19; ++i)
        ASSERT_TRUE(ring_.push(op::nop{}, i));
    EXPECT_FALSE(ring_.push(op::nop{}, 99));
    kernel_.most_per_enter = ~std::uint32_t{0};
    ring_.submit_and_wait(19).or_throw("submit");
    abi::cqe c;
    for (std::uint64_t i = 0; i < 19; ++i) {
        ASSERT_TRUE(ring_.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_EQ(ring_.in_flight(), 1u);
    p.write("x");
    ring_.submit_and_wait(1).or_throw("wait");
    ASSERT_TRUE(ring_.pop(c));
    EXPECT_EQ(c.user_data, 100u);
    EXPECT_EQ(ring_.in_flight(), 0u);
}

} // namespace
} // namespace rondo
