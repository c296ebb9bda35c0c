// SPDX-License-Identifier: MIT

#include <rondo/op/splice.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <cstdint>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

constexpr std::uint64_t here = 0xffff'ffff'ffff'ffff; // the file's own position

TEST(golden_splice, writes_to_the_target_and_names_its_source_apart) {
    expect_sqe(op::splice{.from = 5, .to = 6, .size = 100},
               golden{}.u8(0, 30).i32(4, 6).u64(8, here).u64(16, here).u32(24, 100).i32(44, 5));
}

TEST(golden_splice, takes_positions_and_flags) {
    expect_sqe(op::splice{.from = 5,
                          .to = 6,
                          .size = 0x1'0000'0001,
                          .from_at = 0x1'0000'0002,
                          .to_at = 0x1'0000'0003,
                          .flags = SPLICE_F_MOVE | SPLICE_F_MORE},
               golden{}
                   .u8(0, 30)
                   .i32(4, 6)
                   .u64(8, 0x1'0000'0003)
                   .u64(16, 0x1'0000'0002)
                   .u32(24, 0x7fff'f000)
                   .u32(28, 5)
                   .i32(44, 5));
}

TEST(golden_splice, marks_slots_of_source_and_target_in_different_places) {
    expect_sqe(op::splice{.from = fd_ref::slot(5), .to = 6, .size = 100, .flags = SPLICE_F_MOVE},
               golden{}
                   .u8(0, 30)
                   .i32(4, 6)
                   .u64(8, here)
                   .u64(16, here)
                   .u32(24, 100)
                   .u32(28, 0x8000'0001)
                   .i32(44, 5));
    expect_sqe(
        op::splice{.from = 5, .to = fd_ref::slot(6), .size = 100},
        golden{}.u8(0, 30).u8(1, 1).i32(4, 6).u64(8, here).u64(16, here).u32(24, 100).i32(44, 5));
}

TEST(golden_splice, tee_has_no_positions) {
    expect_sqe(op::tee{.from = 5, .to = 6, .size = 100},
               golden{}.u8(0, 33).i32(4, 6).u32(24, 100).i32(44, 5));
    expect_sqe(
        op::tee{.from = fd_ref::slot(5),
                .to = fd_ref::slot(6),
                .size = 0x1'0000'0001,
                .flags = SPLICE_F_NONBLOCK},
        golden{}.u8(0, 33).u8(1, 1).i32(4, 6).u32(24, 0x7fff'f000).u32(28, 0x8000'0002).i32(44, 5));
}

TEST(golden_pipe, points_at_two_numbers_and_closes_on_exec_by_default) {
    int numbers[2] = {};
    expect_sqe(op::pipe{.into = &numbers}, golden{}.u8(0, 62).ptr(16, numbers).u32(28, 02000000));
    expect_sqe(op::pipe{.into = &numbers, .flags = O_NONBLOCK},
               golden{}.u8(0, 62).ptr(16, numbers).u32(28, 04000));
}

TEST(golden_pipe, into_slots_names_the_first_plus_one_and_drops_close_on_exec) {
    int numbers[2] = {};
    expect_sqe(op::pipe{.into = &numbers, .as = slot_source{.index = 3}},
               golden{}.u8(0, 62).ptr(16, numbers).u32(44, 4));
    expect_sqe(op::pipe{.into = &numbers, .flags = O_NONBLOCK | O_CLOEXEC, .as = slot_source{}},
               golden{}.u8(0, 62).ptr(16, numbers).u32(28, 04000).u32(44, 0xffff'ffff));
}

} // namespace
} // namespace rondo
