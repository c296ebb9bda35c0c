// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/ring_message.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace rondo {
namespace {

using abi::nop_flag;
using test::expect_sqe;
using test::golden;

abi::cqe completion(std::int32_t res) { return {.user_data = 0, .res = res, .flags = 0}; }

TEST(golden_nop, is_zero_but_for_the_file_it_does_not_have) {
    expect_sqe(op::nop{}, golden{}.i32(4, -1));
}

TEST(golden_nop, has_the_result_to_inject_in_len) {
    expect_sqe(op::nop{.flags = nop_flag::inject_result, .result = 5},
               golden{}.i32(4, -1).u32(24, 5).u32(28, 1));
    expect_sqe(op::nop{.flags = nop_flag::inject_result | nop_flag::tw, .result = -EIO},
               golden{}.i32(4, -1).i32(24, -5).u32(28, 17));
}

TEST(golden_nop, looks_up_a_file_or_a_slot) {
    expect_sqe(op::nop{.flags = nop_flag::file, .fd = 5}, golden{}.i32(4, 5).u32(28, 2));
    expect_sqe(op::nop{.flags = nop_flag::file, .fd = fd_ref::slot(3)},
               golden{}.i32(4, 3).u32(28, 6));
}

TEST(golden_nop, looks_up_a_registered_buffer) {
    expect_sqe(op::nop{.flags = nop_flag::fixed_buffer, .buffer = 9},
               golden{}.i32(4, -1).u32(28, 8).u16(40, 9));
}

TEST(golden_nop, gives_the_second_half_of_a_cqe_with_off_and_addr) {
    expect_sqe(op::nop{.flags = nop_flag::cqe32, .extra = {7, 8}},
               golden{}.i32(4, -1).u64(8, 7).u64(16, 8).u32(28, 32));
}

TEST(golden_nop128, is_a_nop_in_twice_the_room) {
    expect_sqe(op::nop128{}, golden{}.u8(0, 63).i32(4, -1));
    expect_sqe(
        op::nop128{
            .flags = nop_flag::inject_result, .result = 5, .fd = 6, .buffer = 9, .extra = {7, 8}},
        golden{}.u8(0, 63).i32(4, 6).u64(8, 7).u64(16, 8).u32(24, 5).u32(28, 1).u16(40, 9));
}

TEST(golden_files_update, has_the_first_slot_in_off) {
    std::array<int, 3> const fds{4, -1, -2};
    expect_sqe(op::files_update{.fds = fds, .first = 6u},
               golden{}.u8(0, 20).i32(4, -1).u64(8, 6).ptr(16, fds.data()).u32(24, 3));
}

TEST(golden_files_update, into_any_slots_says_so_in_32_bits) {
    std::array<int, 3> fds{4, 5, 6};
    expect_sqe(op::files_update{.fds = fds, .first = op::any_slots{}},
               golden{}.u8(0, 20).i32(4, -1).u64(8, 0xffff'ffff).ptr(16, fds.data()).u32(24, 3));
}

TEST(golden_fixed_fd_install, always_works_on_a_slot) {
    expect_sqe(op::fixed_fd_install{.slot = 3}, golden{}.u8(0, 54).u8(1, 1).i32(4, 3));
    expect_sqe(op::fixed_fd_install{.slot = 3, .close_on_exec = false},
               golden{}.u8(0, 54).u8(1, 1).i32(4, 3).u32(28, 1));
}

TEST(golden_provide_buffers, has_the_count_in_fd_and_the_first_id_in_off) {
    std::vector<char> memory(4 * 256);
    expect_sqe(
        op::provide_buffers{
            .data = memory.data(), .size = 256, .count = 4, .group = 7, .first_id = 100},
        golden{}.u8(0, 31).i32(4, 4).u64(8, 100).ptr(16, memory.data()).u32(24, 256).u16(40, 7));
}

TEST(golden_remove_buffers, has_the_count_in_fd) {
    expect_sqe(op::remove_buffers{.count = 4, .group = 7}, golden{}.u8(0, 32).i32(4, 4).u16(40, 7));
}

TEST(golden_message_ring, has_the_others_user_data_in_off_and_result_in_len) {
    expect_sqe(op::message_ring{.ring = 5, .user_data = 77, .res = -3},
               golden{}.u8(0, 40).i32(4, 5).u64(8, 77).i32(24, -3));
    expect_sqe(op::message_ring{.ring = fd_ref::slot(3), .user_data = 77},
               golden{}.u8(0, 40).u8(1, 1).i32(4, 3).u64(8, 77));
}

TEST(golden_message_ring, passes_flags_in_file_index) {
    expect_sqe(op::message_ring{.ring = 5,
                                .user_data = 77,
                                .res = 1,
                                .cqe_flags = abi::cqe_flag::buffer | abi::cqe_flag::more},
               golden{}.u8(0, 40).i32(4, 5).u64(8, 77).u32(24, 1).u32(28, 2).u32(44, 3));
}

TEST(golden_message_ring_fd, has_the_slot_here_in_addr3_and_the_one_there_in_file_index) {
    expect_sqe(op::message_ring_fd{.ring = 5, .slot = 9, .into = 2, .user_data = 77},
               golden{}.u8(0, 40).i32(4, 5).u64(8, 77).u64(16, 1).u32(44, 3).u64(48, 9));
    expect_sqe(op::message_ring_fd{.ring = fd_ref::slot(3), .slot = 9, .silent = true},
               golden{}
                   .u8(0, 40)
                   .u8(1, 1)
                   .i32(4, 3)
                   .u64(16, 1)
                   .u32(28, 1)
                   .u32(44, 0xffff'ffff)
                   .u64(48, 9));
}

TEST(value_of_message_ring_fd, is_the_slot_whoever_chose_it) {
    EXPECT_EQ(op::value_of(op::message_ring_fd{.ring = 5, .slot = 9}, completion(4)), 4u);
    op::message_ring_fd const fixed{.ring = 5, .slot = 9, .into = 2};
    EXPECT_EQ(op::value_of(fixed, completion(0)), 2u);
    EXPECT_EQ(op::value_of(fixed, completion(-EBADF)).error(), EBADF);
}

TEST(value_of_nop, is_the_result_or_the_error_it_stands_for) {
    EXPECT_EQ(op::value_of(op::nop{}, completion(5)), 5);
    EXPECT_EQ(op::value_of(op::nop{}, completion(-EIO)).error(), EIO);
}

TEST(value_of_nop, tells_of_the_kernels_own_codes_as_an_interrupted_call) {
    constexpr std::int32_t no_ioctl = 515;
    for (std::int32_t code = 510; code <= 518; ++code) {
        bool const restart = code >= 512 && code <= 516 && code != no_ioctl;
        EXPECT_EQ(op::value_of(op::nop{}, completion(-code)).error(), restart ? EINTR : code);
    }
    EXPECT_EQ(op::value_of(op::fixed_fd_install{.slot = 3}, completion(-512)).error(), EINTR);
}

TEST(value_of_fixed_fd_install, owns_the_descriptor) {
    auto fd = op::value_of(op::fixed_fd_install{.slot = 3}, completion(900));
    ASSERT_TRUE(fd.has_value());
    EXPECT_EQ(fd->release(), 900);
}

TEST(control_types, follow_where_the_slots_are) {
    std::array<int, 1> fds{};
    static_assert(std::is_same_v<decltype(op::files_update{.fds = fds, .first = 3}),
                                 op::files_update<std::uint32_t>>);
    static_assert(op::is_wide<op::nop128> && !op::is_wide<op::nop>);
    EXPECT_EQ((op::files_update{.fds = fds, .first = 3}.first), 3u);
}

} // namespace
} // namespace rondo
