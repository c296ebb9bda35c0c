// SPDX-License-Identifier: MIT

#include <rondo/op/file.hpp>
#include <rondo/op/modifier.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

constexpr std::uint64_t here = 0xffff'ffff'ffff'ffff; // the file's own position

// An address of that many bytes which is only ever passed on.
mutable_bytes bytes_of(std::size_t size) {
    return {reinterpret_cast<void*>(std::uintptr_t{0x1234'5678'9000}), size};
}

TEST(golden_read, into_bytes_at_the_own_position_is_opcode_22) {
    std::array<std::byte, 100> memory{};
    expect_sqe(op::read{.fd = 5, .into = memory},
               golden{}.u8(0, 22).i32(4, 5).u64(8, here).ptr(16, memory.data()).u32(24, 100));
}

TEST(golden_read, takes_a_position_flags_and_a_priority) {
    std::array<char, 3> memory{};
    expect_sqe(
        op::read{.fd = 5, .into = memory, .at = 0x1'0000'0002, .flags = RWF_NOWAIT, .priority = 7},
        golden{}
            .u8(0, 22)
            .u16(2, 7)
            .i32(4, 5)
            .u64(8, 0x1'0000'0002)
            .ptr(16, memory.data())
            .u32(24, 3)
            .u32(28, 8));
}

TEST(golden_read, of_a_slot_sets_the_fixed_file_flag) {
    std::array<char, 3> memory{};
    expect_sqe(op::read{.fd = fd_ref::slot(9), .into = memory, .at = 0},
               golden{}.u8(0, 22).u8(1, 1).i32(4, 9).ptr(16, memory.data()).u32(24, 3));
}

TEST(golden_read, points_at_protection_information_and_says_its_kind) {
    std::array<char, 3> memory{};
    abi::attr_pi const protection{};
    expect_sqe(op::read{.fd = 5, .into = memory, .at = 0, .protection = &protection},
               golden{}
                   .u8(0, 22)
                   .i32(4, 5)
                   .ptr(16, memory.data())
                   .u32(24, 3)
                   .ptr(48, &protection)
                   .u64(56, 1));
}

TEST(golden_read, asks_for_no_more_than_one_transfer_can_move) {
    auto const most = golden{}.u8(0, 22).i32(4, 5).u64(16, 0x1234'5678'9000).u32(24, 0x7fff'f000);
    expect_sqe(op::read{.fd = 5, .into = bytes_of(0x7fff'f000), .at = 0}, most);
    expect_sqe(op::read{.fd = 5, .into = bytes_of(0x7fff'f001), .at = 0}, most);
    expect_sqe(op::read{.fd = 5, .into = bytes_of(0x1'0000'0001), .at = 0}, most);
}

TEST(golden_read, into_iovecs_is_opcode_1_with_their_count) {
    std::array<::iovec, 3> parts{};
    expect_sqe(op::read{.fd = 5, .into = parts, .at = 64, .flags = RWF_HIPRI, .priority = 2},
               golden{}
                   .u8(0, 1)
                   .u16(2, 2)
                   .i32(4, 5)
                   .u64(8, 64)
                   .ptr(16, parts.data())
                   .u32(24, 3)
                   .u32(28, 1));
}

TEST(golden_read, into_a_registered_buffer_is_opcode_4_with_its_index) {
    std::array<char, 50> memory{};
    expect_sqe(
        op::read{.fd = fd_ref::slot(1), .into = registered_bytes{memory.data(), 50, 6}, .at = 8},
        golden{}
            .u8(0, 4)
            .u8(1, 1)
            .i32(4, 1)
            .u64(8, 8)
            .ptr(16, memory.data())
            .u32(24, 50)
            .u16(40, 6));
}

TEST(golden_read, into_parts_of_a_registered_buffer_is_opcode_60) {
    std::array<::iovec, 2> parts{};
    expect_sqe(op::read{.fd = 5, .into = registered_iovecs{parts, 6}, .at = 8},
               golden{}.u8(0, 60).i32(4, 5).u64(8, 8).ptr(16, parts.data()).u32(24, 2).u16(40, 6));
}

TEST(golden_read, from_a_group_sets_buffer_select_and_no_address) {
    expect_sqe(op::read{.fd = 5, .into = buffer_source{.group = 0x1234}, .at = 8},
               golden{}.u8(0, 22).u8(1, 32).i32(4, 5).u64(8, 8).u16(40, 0x1234));
    expect_sqe(op::read{.fd = 5, .into = buffer_source{.group = 3, .limit = 17}, .at = 8},
               golden{}.u8(0, 22).u8(1, 32).i32(4, 5).u64(8, 8).u32(24, 17).u16(40, 3));
}

TEST(golden_read, stream_is_opcode_49_with_buffer_select) {
    expect_sqe(op::read_stream{.fd = fd_ref::slot(2), .into = {.group = 3}},
               golden{}.u8(0, 49).u8(1, 33).i32(4, 2).u64(8, here).u16(40, 3));
    expect_sqe(
        op::read_stream{.fd = 5, .into = {.group = 3}, .at = 1, .flags = RWF_NOWAIT, .priority = 4},
        golden{}.u8(0, 49).u8(1, 32).u16(2, 4).i32(4, 5).u64(8, 1).u32(28, 8).u16(40, 3));
}

TEST(golden_read, with_a_modifier_keeps_the_flags_of_its_own) {
    expect_sqe(op::async(op::read{.fd = fd_ref::slot(5), .into = buffer_source{.group = 1}}),
               golden{}.u8(0, 22).u8(1, 1 | 16 | 32).i32(4, 5).u64(8, here).u16(40, 1));
}

TEST(golden_write, from_bytes_at_the_own_position_is_opcode_23) {
    std::string_view const text = "hello";
    expect_sqe(op::write{.fd = 5, .from = text},
               golden{}.u8(0, 23).i32(4, 5).u64(8, here).ptr(16, text.data()).u32(24, 5));
}

TEST(golden_write, takes_a_slot_a_position_flags_and_a_priority) {
    std::string_view const text = "hello";
    expect_sqe(op::write{.fd = fd_ref::slot(5),
                         .from = text,
                         .at = 0x1'0000'0002,
                         .flags = RWF_DSYNC,
                         .priority = 7},
               golden{}
                   .u8(0, 23)
                   .u8(1, 1)
                   .u16(2, 7)
                   .i32(4, 5)
                   .u64(8, 0x1'0000'0002)
                   .ptr(16, text.data())
                   .u32(24, 5)
                   .u32(28, 2));
}

TEST(golden_write, points_at_protection_information_and_says_its_kind) {
    std::string_view const text = "hello";
    abi::attr_pi const protection{};
    expect_sqe(op::write{.fd = 5, .from = text, .at = 0, .protection = &protection},
               golden{}
                   .u8(0, 23)
                   .i32(4, 5)
                   .ptr(16, text.data())
                   .u32(24, 5)
                   .ptr(48, &protection)
                   .u64(56, 1));
}

TEST(golden_write, asks_for_no_more_than_one_transfer_can_move) {
    expect_sqe(op::write{.fd = 5, .from = const_bytes(bytes_of(0x1'0000'0001)), .at = 0},
               golden{}.u8(0, 23).i32(4, 5).u64(16, 0x1234'5678'9000).u32(24, 0x7fff'f000));
}

TEST(golden_write, from_iovecs_is_opcode_2_with_their_count) {
    std::vector<::iovec> const parts(2);
    expect_sqe(
        op::write{.fd = 5, .from = parts, .at = 64, .flags = RWF_APPEND},
        golden{}.u8(0, 2).i32(4, 5).u64(8, 64).ptr(16, parts.data()).u32(24, 2).u32(28, 0x10));
}

TEST(golden_write, from_a_registered_buffer_is_opcode_5_with_its_index) {
    std::array<char, 50> memory{};
    expect_sqe(
        op::write{.fd = 5, .from = registered_bytes{memory.data(), 50, 0xffff}, .at = 8},
        golden{}.u8(0, 5).i32(4, 5).u64(8, 8).ptr(16, memory.data()).u32(24, 50).u16(40, 0xffff));
}

TEST(golden_write, from_parts_of_a_registered_buffer_is_opcode_61) {
    std::array<::iovec, 2> parts{};
    expect_sqe(op::write{.fd = 5, .from = registered_iovecs{parts, 6}, .at = 8},
               golden{}.u8(0, 61).i32(4, 5).u64(8, 8).ptr(16, parts.data()).u32(24, 2).u16(40, 6));
}

TEST(golden_file, fallocate_puts_its_size_where_the_address_is_and_its_mode_into_len) {
    expect_sqe(op::fallocate{.fd = fd_ref::slot(5),
                             .size = 0x5'0000'0000,
                             .at = 0x6'0000'0000,
                             .mode = FALLOC_FL_KEEP_SIZE},
               golden{}
                   .u8(0, 17)
                   .u8(1, 1)
                   .i32(4, 5)
                   .u64(8, 0x6'0000'0000)
                   .u64(16, 0x5'0000'0000)
                   .u32(24, 1));
    expect_sqe(op::fallocate{.fd = 5, .size = 10}, golden{}.u8(0, 17).i32(4, 5).u64(16, 10));
}

TEST(golden_file, ftruncate_puts_its_size_where_the_offset_is) {
    expect_sqe(op::ftruncate{.fd = 5, .size = 0x5'0000'0000},
               golden{}.u8(0, 55).i32(4, 5).u64(8, 0x5'0000'0000));
    expect_sqe(op::ftruncate{.fd = fd_ref::slot(5), .size = 0},
               golden{}.u8(0, 55).u8(1, 1).i32(4, 5));
}

TEST(golden_file, fsync_takes_a_flag_and_a_range) {
    expect_sqe(op::fsync{.fd = 5}, golden{}.u8(0, 3).i32(4, 5));
    expect_sqe(op::fsync{.fd = fd_ref::slot(5),
                         .flags = abi::fsync_flag::datasync,
                         .at = 0x1'0000'0000,
                         .size = 4096},
               golden{}.u8(0, 3).u8(1, 1).i32(4, 5).u64(8, 0x1'0000'0000).u32(24, 4096).u32(28, 1));
}

TEST(golden_file, sync_file_range_takes_flags_and_a_range) {
    expect_sqe(op::sync_file_range{.fd = 5, .flags = SYNC_FILE_RANGE_WRITE},
               golden{}.u8(0, 8).i32(4, 5).u32(28, 2));
    expect_sqe(
        op::sync_file_range{.fd = fd_ref::slot(5),
                            .flags = SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER,
                            .at = 0x1'0000'0000,
                            .size = 0xffff'ffff},
        golden{}.u8(0, 8).u8(1, 1).i32(4, 5).u64(8, 0x1'0000'0000).u32(24, 0xffff'ffff).u32(28, 6));
}

TEST(golden_file, fadvise_moves_its_size_to_the_address_when_it_exceeds_32_bits) {
    expect_sqe(op::fadvise{.fd = 5, .advice = POSIX_FADV_DONTNEED},
               golden{}.u8(0, 24).i32(4, 5).u32(28, 4));
    expect_sqe(op::fadvise{.fd = fd_ref::slot(5),
                           .advice = POSIX_FADV_WILLNEED,
                           .at = 0x1'0000'0000,
                           .size = 0xffff'ffff},
               golden{}
                   .u8(0, 24)
                   .u8(1, 1)
                   .i32(4, 5)
                   .u64(8, 0x1'0000'0000)
                   .u32(24, 0xffff'ffff)
                   .u32(28, 3));
    expect_sqe(op::fadvise{.fd = 5, .advice = POSIX_FADV_RANDOM, .size = 0x1'0000'0000},
               golden{}.u8(0, 24).i32(4, 5).u64(16, 0x1'0000'0000).u32(28, 1));
}

TEST(golden_file, madvise_moves_its_size_to_the_offset_when_it_exceeds_32_bits) {
    expect_sqe(
        op::madvise{.range = bytes_of(0xffff'ffff), .advice = MADV_DONTNEED},
        golden{}.u8(0, 25).i32(4, -1).u64(16, 0x1234'5678'9000).u32(24, 0xffff'ffff).u32(28, 4));
    expect_sqe(
        op::madvise{.range = bytes_of(0x1'0000'0000), .advice = MADV_WILLNEED},
        golden{}.u8(0, 25).i32(4, -1).u64(8, 0x1'0000'0000).u64(16, 0x1234'5678'9000).u32(28, 3));
}

} // namespace
} // namespace rondo
