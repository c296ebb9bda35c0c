// SPDX-License-Identifier: MIT

#include <rondo/op/command.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <type_traits>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

// 1, 2, 3, ...
template <class Bytes>
Bytes counted() {
    Bytes out{};
    for (std::uint8_t& b : out.bytes)
        b = static_cast<std::uint8_t>(&b - out.bytes + 1);
    return out;
}

TEST(golden_uring_cmd, has_the_command_in_off_and_its_own_bytes_at_the_end) {
    auto const own = counted<op::command_bytes>();
    static_assert(sizeof own == 16);
    expect_sqe(op::uring_cmd{.fd = 5, .head = {.command = 0xc040'4e80}, .own = own},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 0xc040'4e80).bytes(48, own.bytes));
    expect_sqe(op::uring_cmd{.fd = 5, .head = {.command = 1}},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 1));
}

TEST(golden_uring_cmd, leaves_addr_and_len_to_the_driver_and_may_use_a_registered_buffer) {
    expect_sqe(op::uring_cmd{.fd = fd_ref::slot(3),
                             .head = {.command = 1,
                                      .addr = 0x1122'3344'5566,
                                      .len = 77,
                                      .flags = abi::uring_cmd_flag::fixed,
                                      .buffer = 9}},
               golden{}
                   .u8(0, 46)
                   .u8(1, 1)
                   .i32(4, 3)
                   .u32(8, 1)
                   .u64(16, 0x1122'3344'5566)
                   .u32(24, 77)
                   .u32(28, 1)
                   .u16(40, 9));
}

TEST(golden_uring_cmd, in_a_wide_sqe_has_80_bytes_of_its_own) {
    auto const own = counted<op::wide_command_bytes>();
    static_assert(sizeof own == 80);
    expect_sqe(op::uring_cmd{.fd = 5, .head = {.command = 1}, .own = own},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 1).bytes(48, own.bytes));
}

TEST(golden_uring_cmd128, has_an_opcode_of_its_own) {
    auto const own = counted<op::wide_command_bytes>();
    expect_sqe(
        op::uring_cmd128{
            .fd = fd_ref::slot(3), .head = {.command = 1, .addr = 2, .len = 3}, .own = own},
        golden{}.u8(0, 64).u8(1, 1).i32(4, 3).u32(8, 1).u64(16, 2).u32(24, 3).bytes(48, own.bytes));
}

TEST(golden_siocinq, is_socket_command_0) {
    expect_sqe(op::siocinq{.fd = 5}, golden{}.u8(0, 46).i32(4, 5));
    expect_sqe(op::siocinq{.fd = fd_ref::slot(3)}, golden{}.u8(0, 46).u8(1, 1).i32(4, 3));
}

TEST(golden_siocoutq, is_socket_command_1) {
    expect_sqe(op::siocoutq{.fd = 5}, golden{}.u8(0, 46).i32(4, 5).u32(8, 1));
}

TEST(golden_getsockopt, has_level_and_option_in_addr_and_the_value_in_addr3) {
    std::array<char, 12> value{};
    expect_sqe(op::getsockopt{.fd = 5, .level = SOL_SOCKET, .option = SO_TYPE, .into = value},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 2).u32(16, 1).u32(20, 3).u32(44, 12).ptr(
                   48, value.data()));
}

TEST(golden_setsockopt, has_level_and_option_in_addr_and_the_value_in_addr3) {
    int const on = 1;
    expect_sqe(op::setsockopt{.fd = fd_ref::slot(3),
                              .level = SOL_SOCKET,
                              .option = SO_REUSEADDR,
                              .from = const_bytes(&on, sizeof on)},
               golden{}.u8(0, 46).u8(1, 1).i32(4, 3).u32(8, 3).u32(16, 1).u32(20, 2).u32(44, 4).ptr(
                   48, &on));
}

TEST(golden_getsockname, has_the_address_in_addr_and_its_size_in_addr3) {
    ::sockaddr_in a{};
    ::socklen_t size = sizeof a;
    auto* const address = reinterpret_cast<::sockaddr*>(&a);
    expect_sqe(op::getsockname{.fd = 5, .address = address, .size = &size},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 5).ptr(16, &a).ptr(48, &size));
    expect_sqe(op::getsockname{.fd = 5, .address = address, .size = &size, .peer = true},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 5).ptr(16, &a).u32(44, 1).ptr(48, &size));
}

TEST(golden_tx_timestamp_stream, is_socket_command_4) {
    expect_sqe(op::tx_timestamp_stream{.fd = 5}, golden{}.u8(0, 46).i32(4, 5).u32(8, 4));
}

TEST(golden_block_discard, has_the_range_in_addr_and_addr3) {
    expect_sqe(op::block_discard{.fd = 5, .at = 4096, .size = 0x1'0000'0000},
               golden{}.u8(0, 46).i32(4, 5).u32(8, 0x1200).u64(16, 4096).u64(48, 0x1'0000'0000));
}

TEST(golden_block_zone_reset_all, has_no_range) {
    expect_sqe(op::block_zone_reset_all{.fd = 5}, golden{}.u8(0, 46).i32(4, 5).u32(8, 0x1201));
}

TEST(command_types, are_as_wide_as_their_bytes) {
    static_assert(!op::is_wide<op::uring_cmd<>>);
    static_assert(op::is_wide<op::uring_cmd<op::wide_command_bytes>>);
    static_assert(op::wants_cqe32<op::tx_timestamp_stream>);
    EXPECT_TRUE(
        (std::is_same_v<decltype(op::uring_cmd{
                            .fd = 5, .head = {.command = 1}, .own = op::wide_command_bytes{}}),
                        op::uring_cmd<op::wide_command_bytes>>));
}

TEST(value_of_tx_timestamp_stream, has_the_time_in_the_second_half) {
    op::tx_timestamp_stream const o{.fd = 5};
    abi::cqe32 c{.head = {0, -2, 2u | 1u << 15 | 1u << 16 | 2u << 17}, .extra = {100, 5}};
    auto const stamp = op::value_of(o, c);
    ASSERT_TRUE(stamp.has_value());
    EXPECT_EQ(stamp->key, 0xffff'fffeu);
    EXPECT_EQ(stamp->type, 2u);
    EXPECT_TRUE(stamp->hardware);
    EXPECT_EQ(stamp->time.tv_sec, 100);
    EXPECT_EQ(stamp->time.tv_nsec, 5);

    c.head = {0, -ECANCELED, 0};
    EXPECT_EQ(op::value_of(o, c).error(), ECANCELED);
}

} // namespace
} // namespace rondo
