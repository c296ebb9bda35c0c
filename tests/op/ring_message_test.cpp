// SPDX-License-Identifier: MIT

#include <rondo/op/read.hpp>
#include <rondo/op/ring_message.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace rondo {
namespace {

class op_message_ring : public test::ring_test {
protected:
    op_message_ring() {
        other_.bind_to_this_thread().or_throw("enable the other ring");
        std::array<std::int32_t, 2> slots{-1, -1};
        other_.register_(abi::register_op::files, slots.data(), 2).or_throw("register files");
    }
    /// What arrived at the other ring.
    abi::cqe arrived() {
        abi::cqe c{};
        EXPECT_TRUE(other_.pop(c));
        return c;
    }
    bool nothing_arrived() {
        abi::cqe c{};
        return !other_.pop(c);
    }

    ring other_ = ring::create({.entries = 8}).or_throw("ring");
    fd_ref const there_ = other_.native_handle();
};

TEST_F(op_message_ring, posts_a_completion_to_another_ring) {
    RONDO_EXPECT_OK(ring_.run(op::message_ring{.ring = there_, .user_data = 77, .res = -5}));
    abi::cqe const c = arrived();
    EXPECT_EQ(c.user_data, 77u);
    EXPECT_EQ(c.res, -5);
    EXPECT_EQ(c.flags, 0u);
}

TEST_F(op_message_ring, passes_flags) {
    RONDO_EXPECT_OK(
        ring_.run(op::message_ring{.ring = there_,
                                   .user_data = 77,
                                   .res = 1,
                                   .cqe_flags = abi::cqe_flag::buffer | abi::cqe_flag::more}));
    EXPECT_EQ(arrived().flags, 3u);
}

TEST_F(op_message_ring, posts_to_its_own_ring_too) {
    ASSERT_TRUE(ring_.push(op::message_ring{.ring = ring_.native_handle(), .user_data = 77}, 1));
    std::uint64_t const sum = next().user_data + next().user_data;
    EXPECT_EQ(sum, 78u);
}

TEST_F(op_message_ring, to_what_is_no_ring_is_refused) {
    auto const file = file_with("f", "");
    RONDO_EXPECT_ERROR(ring_.run(op::message_ring{.ring = file, .user_data = 77}), EBADFD);
    RONDO_EXPECT_ERROR(ring_.run(op::message_ring{.ring = -1, .user_data = 77}), EBADF);
}

TEST_F(op_message_ring, fd_puts_a_file_into_a_slot_of_another_ring) {
    auto const file = file_with("f", "hello");
    register_files({-1, file.get()});
    EXPECT_EQ(ring_.run(op::message_ring_fd{.ring = there_, .slot = 1, .into = 1, .user_data = 77}),
              1u);
    EXPECT_EQ(arrived().user_data, 77u);
    EXPECT_EQ(ring_.run(op::message_ring_fd{.ring = there_, .slot = 1, .user_data = 78}), 0u);
    EXPECT_EQ(arrived().res, 0);

    std::array<char, 8> memory{};
    auto const n =
        other_.run(op::read{.fd = fd_ref::slot(0), .into = memory, .at = 0}).or_throw("read");
    EXPECT_EQ(std::string_view(memory.data(), n), "hello");
}

TEST_F(op_message_ring, fd_can_be_silent) {
    auto const file = file_with("f", "hello");
    register_files({file.get()});
    EXPECT_EQ(ring_.run(op::message_ring_fd{.ring = there_, .slot = 0, .silent = true}), 0u);
    EXPECT_TRUE(nothing_arrived());
}

TEST_F(op_message_ring, fd_says_what_is_wrong) {
    auto const file = file_with("f", "hello");
    register_files({-1, file.get()});
    op::message_ring_fd const own{.ring = ring_.native_handle(), .slot = 1};
    RONDO_EXPECT_ERROR(ring_.run(own), EINVAL);
    RONDO_EXPECT_ERROR(ring_.run(op::message_ring_fd{.ring = there_, .slot = 0}), EBADF);
    for (std::uint32_t i = 0; i < 2; ++i)
        EXPECT_EQ(ring_.run(op::message_ring_fd{.ring = there_, .slot = 1, .silent = true}), i);
    RONDO_EXPECT_ERROR(ring_.run(op::message_ring_fd{.ring = there_, .slot = 1}), ENFILE);
}

} // namespace
} // namespace rondo
