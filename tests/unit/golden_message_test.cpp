// SPDX-License-Identifier: MIT

#include <rondo/op/message.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

TEST(golden_sendmsg, points_to_the_message_with_a_count_of_one) {
    ::msghdr const m{};
    expect_sqe(op::sendmsg{.fd = 5, .message = &m},
               golden{}.u8(0, 9).i32(4, 5).ptr(16, &m).u32(24, 1));
    expect_sqe(
        op::sendmsg{.fd = fd_ref::slot(3), .message = &m, .flags = MSG_MORE, .poll_first = true},
        golden{}.u8(0, 9).u8(1, 1).u16(2, 1).i32(4, 3).ptr(16, &m).u32(24, 1).u32(28, 0x8000));
}

TEST(golden_sendmsg_zc, has_an_opcode_of_its_own) {
    ::msghdr const m{};
    expect_sqe(op::sendmsg_zc{.fd = 5, .message = &m},
               golden{}.u8(0, 48).i32(4, 5).ptr(16, &m).u32(24, 1));
    expect_sqe(
        op::sendmsg_zc{.fd = fd_ref::slot(3),
                       .message = &m,
                       .flags = MSG_MORE,
                       .poll_first = true,
                       .report_usage = true},
        golden{}.u8(0, 48).u8(1, 1).u16(2, 9).i32(4, 3).ptr(16, &m).u32(24, 1).u32(28, 0x8000));
}

TEST(golden_sendmsg_zc, in_a_registered_buffer_names_its_index) {
    ::msghdr const m{};
    expect_sqe(
        op::sendmsg_zc{.fd = 5, .message = &m, .from = op::in_registered{9}, .report_usage = true},
        golden{}.u8(0, 48).u16(2, 12).i32(4, 5).ptr(16, &m).u32(24, 1).u16(40, 9));
}

TEST(golden_recvmsg, points_to_the_message_with_a_count_of_one) {
    ::msghdr m{};
    expect_sqe(op::recvmsg{.fd = 5, .message = &m},
               golden{}.u8(0, 10).i32(4, 5).ptr(16, &m).u32(24, 1));
    expect_sqe(
        op::recvmsg{.fd = fd_ref::slot(3), .message = &m, .flags = MSG_PEEK, .poll_first = true},
        golden{}.u8(0, 10).u8(1, 1).u16(2, 1).i32(4, 3).ptr(16, &m).u32(24, 1).u32(28, 2));
}

TEST(golden_recvmsg, from_a_group_selects_a_buffer) {
    ::msghdr m{};
    expect_sqe(op::recvmsg{.fd = 5, .message = &m, .into = buffer_source{.group = 7}},
               golden{}.u8(0, 10).u8(1, 32).i32(4, 5).ptr(16, &m).u32(24, 1).u16(40, 7));
}

TEST(golden_recvmsg_stream, is_a_recvmsg_with_the_multishot_flag) {
    ::msghdr const m{};
    expect_sqe(op::recvmsg_stream{.fd = 5, .like = &m, .into = buffer_source{.group = 7}},
               golden{}.u8(0, 10).u8(1, 32).u16(2, 2).i32(4, 5).ptr(16, &m).u32(24, 1).u16(40, 7));
    expect_sqe(
        op::recvmsg_stream{.fd = fd_ref::slot(3),
                           .like = &m,
                           .into = buffer_source{.group = 7},
                           .flags = MSG_TRUNC,
                           .poll_first = true},
        golden{}.u8(0, 10).u8(1, 33).u16(2, 3).i32(4, 3).ptr(16, &m).u32(24, 1).u32(28, 0x20).u16(
            40, 7));
}

// What a kernel lays into a buffer: the header, then name, control data and payload at the sizes
// that were reserved.
std::vector<std::byte> laid_out(abi::recvmsg_out head, std::size_t name_room,
                                std::size_t control_room, std::string_view payload) {
    std::vector<std::byte> out(sizeof head + name_room + control_room + payload.size());
    std::memcpy(out.data(), &head, sizeof head);
    std::memset(out.data() + sizeof head, 'n', name_room);
    std::memset(out.data() + sizeof head + name_room, 'c', control_room);
    std::memcpy(out.data() + sizeof head + name_room + control_room, payload.data(),
                payload.size());
    return out;
}

std::string text(std::span<std::byte const> bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

::msghdr reserving(::socklen_t name, std::size_t control) {
    ::msghdr m{};
    m.msg_namelen = name;
    m.msg_controllen = control;
    return m;
}

TEST(received_message, is_taken_apart_at_the_sizes_that_were_reserved) {
    auto const buffer =
        laid_out({.namelen = 3, .controllen = 2, .payloadlen = 5, .flags = 0}, 8, 4, "hello");
    auto const m = op::received_message::parse(buffer, reserving(8, 4));
    ASSERT_TRUE(m.has_value());
    EXPECT_EQ(text(m->name()), "nnn");
    EXPECT_EQ(text(m->control()), "cc");
    EXPECT_EQ(text(m->payload()), "hello");
    EXPECT_EQ(m->flags(), 0u);
    EXPECT_EQ(m->full_name_size(), 3u);
}

TEST(received_message, that_was_cut_gives_what_had_room) {
    auto const buffer = laid_out(
        {.namelen = 110, .controllen = 40, .payloadlen = 9000, .flags = MSG_TRUNC | MSG_CTRUNC}, 2,
        1, "hell");
    auto const m = op::received_message::parse(buffer, reserving(2, 1));
    ASSERT_TRUE(m.has_value());
    EXPECT_EQ(text(m->name()), "nn");
    EXPECT_EQ(text(m->control()), "c");
    EXPECT_EQ(text(m->payload()), "hell");
    EXPECT_EQ(m->flags(), static_cast<std::uint32_t>(MSG_TRUNC | MSG_CTRUNC));
    EXPECT_EQ(m->full_name_size(), 110u);
}

TEST(received_message, may_have_no_payload_but_not_less_than_was_reserved) {
    auto const exact = laid_out({}, 8, 4, "");
    auto const m = op::received_message::parse(exact, reserving(8, 4));
    ASSERT_TRUE(m.has_value());
    EXPECT_TRUE(m->payload().empty());
    std::span const all(exact);
    EXPECT_EQ(op::received_message::parse(all.first(27), reserving(8, 4)).error(), EBADMSG);
    EXPECT_EQ(op::received_message::parse(all.first(15), reserving(0, 0)).error(), EBADMSG);
    EXPECT_EQ(op::received_message::parse({}, reserving(0, 0)).error(), EBADMSG);
}

TEST(message_types, follow_the_buffers) {
    ::msghdr m{};
    static_assert(std::is_same_v<decltype(op::recvmsg{.fd = 1, .message = &m}), op::recvmsg<>>);
    static_assert(
        std::is_same_v<decltype(op::recvmsg{.fd = 1, .message = &m, .into = buffer_source{}}),
                       op::recvmsg<buffer_source>>);
    static_assert(std::is_same_v<op::recvmsg<buffer_source>::value_type, buffer_lease>);
    static_assert(op::is_zero_copy<op::sendmsg_zc<>> && op::is_stream<op::recvmsg_stream>);
    auto const n = op::value_of(op::recvmsg{.fd = 1, .message = &m}, abi::cqe{0, 5, 0});
    EXPECT_EQ(n, 5u);
}

} // namespace
} // namespace rondo
