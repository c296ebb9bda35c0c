// SPDX-License-Identifier: MIT

#include <rondo/op/futex.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <linux/futex.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

TEST(golden_futex, wait_puts_its_flags_where_the_descriptor_is) {
    std::uint32_t const word = 0;
    expect_sqe(
        op::futex_wait{.word = &word, .expected = 0x8000'0001},
        golden{}.u8(0, 51).i32(4, 0x82).u64(8, 0x8000'0001).ptr(16, &word).u64(48, 0xffff'ffff));
    expect_sqe(op::futex_wait{.word = &word, .expected = 0, .mask = 6, .flags = {}},
               golden{}.u8(0, 51).i32(4, 2).ptr(16, &word).u64(48, 6));
}

TEST(golden_futex, wake_puts_the_number_of_waiters_where_the_offset_is) {
    std::uint32_t const word = 0;
    expect_sqe(op::futex_wake{.word = &word},
               golden{}.u8(0, 52).i32(4, 0x82).u64(8, 1).ptr(16, &word).u64(48, 0xffff'ffff));
    expect_sqe(
        op::futex_wake{
            .word = &word, .count = 9, .mask = 6, .flags = futex_flag::numa | futex_flag::mpol},
        golden{}.u8(0, 52).i32(4, 0xe).u64(8, 9).ptr(16, &word).u64(48, 6));
}

TEST(golden_futex, waitv_points_at_a_list_of_waiters) {
    std::uint32_t const words[2] = {};
    std::array const waiters{op::futex_waiter(&words[0], 4),
                             op::futex_waiter(&words[1], 5, futex_flag{})};
    expect_sqe(op::futex_waitv{.waiters = waiters},
               golden{}.u8(0, 53).ptr(16, waiters.data()).u32(24, 2));
}

TEST(golden_futex, waiter_is_the_kernels_entry) {
    std::uint32_t const word = 0;
    ::futex_waitv const entry = op::futex_waiter(&word, 7);
    static_assert(sizeof entry == 24 && offsetof(::futex_waitv, uaddr) == 8 &&
                  offsetof(::futex_waitv, flags) == 16);
    EXPECT_EQ(entry.val, 7u);
    EXPECT_EQ(entry.uaddr, reinterpret_cast<std::uintptr_t>(&word));
    EXPECT_EQ(entry.flags, 0x82u);
    EXPECT_EQ(entry.__reserved, 0u);
    EXPECT_EQ(op::futex_waiter(&word, 7, futex_flag{}).flags, 2u);
}

} // namespace
} // namespace rondo
