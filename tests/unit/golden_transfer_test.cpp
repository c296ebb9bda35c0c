// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

abi::cqe completion(std::int32_t res, std::uint32_t flags = 0) {
    return {.user_data = 0, .res = res, .flags = flags};
}

constexpr std::string_view hello = "hello";

TEST(golden_send, points_to_the_bytes) {
    expect_sqe(op::send{.fd = 5, .from = hello},
               golden{}.u8(0, 26).i32(4, 5).ptr(16, hello.data()).u32(24, 5));
    expect_sqe(
        op::send{.fd = fd_ref::slot(3), .from = hello, .flags = MSG_MORE},
        golden{}.u8(0, 26).u8(1, 1).i32(4, 3).ptr(16, hello.data()).u32(24, 5).u32(28, 0x8000));
}

TEST(golden_send, to_an_address_has_it_in_addr2_and_its_size_in_addr_len) {
    ::sockaddr_in const to{};
    expect_sqe(
        op::send{.fd = 5,
                 .from = hello,
                 .to = reinterpret_cast<::sockaddr const*>(&to),
                 .to_size = sizeof to},
        golden{}.u8(0, 26).i32(4, 5).ptr(8, &to).ptr(16, hello.data()).u32(24, 5).u16(44, 16));
}

TEST(golden_send, that_expects_to_wait_says_poll_first) {
    expect_sqe(op::send{.fd = 5, .from = hello, .poll_first = true},
               golden{}.u8(0, 26).u16(2, 1).i32(4, 5).ptr(16, hello.data()).u32(24, 5));
}

TEST(golden_send, asks_for_no_more_than_one_transfer_can_move) {
    const_bytes const much(hello.data(), 0x1'0000'0001);
    expect_sqe(op::send{.fd = 5, .from = much},
               golden{}.u8(0, 26).i32(4, 5).ptr(16, hello.data()).u32(24, 0x7fff'f000));
}

TEST(golden_send, from_iovecs_sets_the_vectorized_flag) {
    std::array<::iovec, 3> parts{};
    expect_sqe(op::send{.fd = 5, .from = parts},
               golden{}.u8(0, 26).u16(2, 32).i32(4, 5).ptr(16, parts.data()).u32(24, 3));
    expect_sqe(op::send{.fd = 5, .from = parts, .poll_first = true},
               golden{}.u8(0, 26).u16(2, 33).i32(4, 5).ptr(16, parts.data()).u32(24, 3));
}

TEST(golden_send, from_a_group_selects_a_buffer) {
    expect_sqe(op::send{.fd = 5, .from = buffer_source{.group = 7, .limit = 100}},
               golden{}.u8(0, 26).u8(1, 32).i32(4, 5).u32(24, 100).u16(40, 7));
}

TEST(golden_send_stream, is_a_bundle) {
    expect_sqe(op::send_stream{.fd = 5, .from = buffer_source{.group = 7}, .flags = MSG_MORE},
               golden{}.u8(0, 26).u8(1, 32).u16(2, 16).i32(4, 5).u32(28, 0x8000).u16(40, 7));
    expect_sqe(op::send_stream{.fd = fd_ref::slot(3), .from = {}, .poll_first = true},
               golden{}.u8(0, 26).u8(1, 33).u16(2, 17).i32(4, 3));
}

TEST(golden_send_zc, has_an_opcode_of_its_own) {
    expect_sqe(op::send_zc{.fd = 5, .from = hello, .flags = MSG_WAITALL},
               golden{}.u8(0, 47).i32(4, 5).ptr(16, hello.data()).u32(24, 5).u32(28, 0x100));
}

TEST(golden_send_zc, to_an_address_with_its_flags) {
    ::sockaddr_in const to{};
    expect_sqe(op::send_zc{.fd = fd_ref::slot(3),
                           .from = hello,
                           .to = reinterpret_cast<::sockaddr const*>(&to),
                           .to_size = sizeof to,
                           .poll_first = true,
                           .report_usage = true},
               golden{}
                   .u8(0, 47)
                   .u8(1, 1)
                   .u16(2, 9)
                   .i32(4, 3)
                   .ptr(8, &to)
                   .ptr(16, hello.data())
                   .u32(24, 5)
                   .u16(44, 16));
}

TEST(golden_send_zc, from_a_registered_buffer_names_its_index) {
    char bytes[4] = {};
    expect_sqe(op::send_zc{.fd = 5, .from = registered_bytes{.data = bytes, .size = 4, .index = 9}},
               golden{}.u8(0, 47).u16(2, 4).i32(4, 5).ptr(16, bytes).u32(24, 4).u16(40, 9));
}

TEST(golden_send_zc, from_iovecs_sets_the_vectorized_flag) {
    std::array<::iovec, 2> parts{};
    expect_sqe(op::send_zc{.fd = 5, .from = parts, .report_usage = true},
               golden{}.u8(0, 47).u16(2, 40).i32(4, 5).ptr(16, parts.data()).u32(24, 2));
}

TEST(golden_recv, points_to_the_memory) {
    std::array<std::byte, 100> memory{};
    expect_sqe(op::recv{.fd = 5, .into = memory},
               golden{}.u8(0, 27).i32(4, 5).ptr(16, memory.data()).u32(24, 100));
    expect_sqe(
        op::recv{.fd = fd_ref::slot(3), .into = memory, .flags = MSG_WAITALL, .poll_first = true},
        golden{}
            .u8(0, 27)
            .u8(1, 1)
            .u16(2, 1)
            .i32(4, 3)
            .ptr(16, memory.data())
            .u32(24, 100)
            .u32(28, 0x100));
}

TEST(golden_recv, from_a_group_selects_a_buffer) {
    expect_sqe(op::recv{.fd = 5, .into = buffer_source{.group = 7, .limit = 100}},
               golden{}.u8(0, 27).u8(1, 32).i32(4, 5).u32(24, 100).u16(40, 7));
}

TEST(golden_recv, from_a_bundle_says_so) {
    expect_sqe(op::recv{.fd = 5, .into = op::bundle{{.group = 7}}, .poll_first = true},
               golden{}.u8(0, 27).u8(1, 32).u16(2, 17).i32(4, 5).u16(40, 7));
}

TEST(golden_recv_stream, is_a_recv_with_the_multishot_flag) {
    expect_sqe(op::recv_stream{.fd = 5, .into = buffer_source{.group = 7}},
               golden{}.u8(0, 27).u8(1, 32).u16(2, 2).i32(4, 5).u16(40, 7));
    expect_sqe(
        op::recv_stream{.fd = fd_ref::slot(3),
                        .into = buffer_source{.group = 7, .limit = 64},
                        .flags = MSG_TRUNC,
                        .poll_first = true,
                        .total = 1000},
        golden{}.u8(0, 27).u8(1, 33).u16(2, 3).i32(4, 3).u32(24, 64).u32(28, 0x20).u16(40, 7).u32(
            44, 1000));
}

TEST(golden_recv_stream, from_a_bundle_has_both_flags) {
    expect_sqe(op::recv_stream{.fd = 5, .into = op::bundle{{.group = 7}}},
               golden{}.u8(0, 27).u8(1, 32).u16(2, 18).i32(4, 5).u16(40, 7));
}

TEST(golden_recv_zc_stream, names_the_receive_queue) {
    expect_sqe(op::recv_zc_stream{.fd = 5, .queue = 2},
               golden{}.u8(0, 58).u16(2, 2).i32(4, 5).u32(44, 2));
    expect_sqe(
        op::recv_zc_stream{.fd = fd_ref::slot(3), .queue = 2, .total = 4096, .poll_first = true},
        golden{}.u8(0, 58).u8(1, 1).u16(2, 3).i32(4, 3).u32(24, 4096).u32(44, 2));
}

TEST(transfer_types, follow_the_buffer) {
    std::array<char, 8> bytes{};
    std::array<::iovec, 1> parts{};
    static_assert(std::is_same_v<decltype(op::send{.fd = 1, .from = bytes}), op::send<>>);
    static_assert(std::is_same_v<decltype(op::send{.fd = 1, .from = parts}), op::send<iovecs>>);
    static_assert(std::is_same_v<decltype(op::recv{.fd = 1, .into = bytes}), op::recv<>>);
    static_assert(std::is_same_v<op::recv<>::value_type, std::size_t>);
    static_assert(std::is_same_v<op::recv<op::bundle>::value_type, buffer_lease>);
    static_assert(std::is_same_v<op::send<buffer_source>::value_type, buffer_lease>);
    static_assert(op::is_zero_copy<op::send_zc<iovecs>> && !op::is_zero_copy<op::send<>>);
    static_assert(op::wants_cqe32<op::recv_zc_stream>);
    EXPECT_EQ(op::value_of(op::recv{.fd = 1, .into = bytes}, completion(8)), 8u);
}

TEST(value_of_recv, from_a_group_is_a_lease_that_knows_the_buffer) {
    op::recv const o{.fd = 5, .into = buffer_source{.group = 7}};
    auto const lease = op::value_of(o, completion(12, 3u << 16 | 1));
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ(lease->size(), 12u);
    EXPECT_EQ(lease->first_id(), 3u);
    EXPECT_EQ(op::value_of(o, completion(0))->parts(), 0u);
    EXPECT_EQ(op::value_of(o, completion(-ENOBUFS)).error(), ENOBUFS);
}

TEST(value_of_recv_zc_stream, is_the_place_in_the_second_half) {
    op::recv_zc_stream const o{.fd = 5, .queue = 2};
    abi::cqe32 c{.head = completion(1500, 2), .extra = {0x1'0000'2000, 0}};
    EXPECT_EQ(op::value_of(o, c)->offset, 0x1'0000'2000u);
    EXPECT_EQ(op::value_of(o, c)->size, 1500u);
    c.head = completion(-ENOMEM);
    EXPECT_EQ(op::value_of(o, c).error(), ENOMEM);
}

TEST(was_copied, reads_the_top_bit_of_a_notification) {
    EXPECT_TRUE(op::was_copied(completion(INT32_MIN, 8)));
    EXPECT_FALSE(op::was_copied(completion(0, 8)));
}

} // namespace
} // namespace rondo
