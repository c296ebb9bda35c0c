// SPDX-License-Identifier: MIT

#include <rondo/op/modifier.hpp>
#include <rondo/op/net.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

::sockaddr const* address_of(::sockaddr_in const& a) {
    return reinterpret_cast<::sockaddr const*>(&a);
}

TEST(golden_socket, puts_the_domain_into_fd_and_the_type_into_off) {
    expect_sqe(op::socket{.domain = AF_INET6, .type = SOCK_DGRAM, .protocol = IPPROTO_UDP},
               golden{}.u8(0, 45).i32(4, 10).u64(8, 2 | 02000000).u32(24, 17));
}

TEST(golden_socket, takes_flags_beside_the_type) {
    expect_sqe(op::socket{.domain = AF_UNIX, .type = SOCK_STREAM, .flags = SOCK_NONBLOCK},
               golden{}.u8(0, 45).i32(4, 1).u64(8, 1 | 04000));
}

TEST(golden_socket, into_a_chosen_slot_counts_slots_from_one_and_drops_cloexec) {
    expect_sqe(op::socket{.domain = AF_INET, .type = SOCK_STREAM, .as = slot_source{.index = 6}},
               golden{}.u8(0, 45).i32(4, 2).u64(8, 1).u32(44, 7));
}

TEST(golden_socket, into_any_slot_says_so_and_keeps_other_flags) {
    expect_sqe(op::socket{.domain = AF_INET,
                          .type = SOCK_STREAM,
                          .flags = SOCK_NONBLOCK | SOCK_CLOEXEC,
                          .as = slot_source{}},
               golden{}.u8(0, 45).i32(4, 2).u64(8, 1 | 04000).u32(44, 0xffff'ffff));
}

TEST(golden_bind, points_to_the_address_and_puts_its_size_into_off) {
    ::sockaddr_in const a{};
    expect_sqe(op::bind{.fd = 5, .address = address_of(a), .size = sizeof a},
               golden{}.u8(0, 56).i32(4, 5).u64(8, 16).ptr(16, &a));
}

TEST(golden_bind, of_a_slot_sets_the_fixed_file_flag) {
    ::sockaddr_in const a{};
    expect_sqe(op::bind{.fd = fd_ref::slot(3), .address = address_of(a), .size = sizeof a},
               golden{}.u8(0, 56).u8(1, 1).i32(4, 3).u64(8, 16).ptr(16, &a));
}

TEST(golden_listen, puts_the_backlog_into_len) {
    expect_sqe(op::listen{.fd = 5, .backlog = 20}, golden{}.u8(0, 57).i32(4, 5).u32(24, 20));
    expect_sqe(op::listen{.fd = fd_ref::slot(3)},
               golden{}.u8(0, 57).u8(1, 1).i32(4, 3).u32(24, 4096));
}

TEST(golden_accept, makes_descriptors_that_close_on_exec) {
    expect_sqe(op::accept{.fd = 5}, golden{}.u8(0, 13).i32(4, 5).u32(28, 02000000));
    expect_sqe(op::accept{.fd = fd_ref::slot(3), .flags = 0},
               golden{}.u8(0, 13).u8(1, 1).i32(4, 3));
}

TEST(golden_accept, points_to_address_and_size) {
    ::sockaddr_in a{};
    ::socklen_t size = sizeof a;
    expect_sqe(op::accept{.fd = 5,
                          .address = reinterpret_cast<::sockaddr*>(&a),
                          .size = &size,
                          .flags = SOCK_NONBLOCK},
               golden{}.u8(0, 13).i32(4, 5).ptr(8, &size).ptr(16, &a).u32(28, 04000));
}

TEST(golden_accept, has_its_own_flags_in_ioprio) {
    expect_sqe(op::accept{.fd = 5, .flags = 0, .dont_wait = true},
               golden{}.u8(0, 13).u16(2, 2).i32(4, 5));
    expect_sqe(op::accept{.fd = 5, .flags = 0, .poll_first = true},
               golden{}.u8(0, 13).u16(2, 4).i32(4, 5));
}

TEST(golden_accept, into_a_slot) {
    expect_sqe(op::accept{.fd = 5, .as = slot_source{.index = 0}},
               golden{}.u8(0, 13).i32(4, 5).u32(44, 1));
    expect_sqe(op::accept{.fd = 5, .as = slot_source{}},
               golden{}.u8(0, 13).i32(4, 5).u32(44, 0xffff'ffff));
}

TEST(golden_accept_stream, is_an_accept_with_the_multishot_flag) {
    expect_sqe(op::accept_stream{.fd = 5},
               golden{}.u8(0, 13).u16(2, 1).i32(4, 5).u32(28, 02000000));
    expect_sqe(
        op::accept_stream{
            .fd = fd_ref::slot(3), .flags = SOCK_NONBLOCK, .dont_wait = true, .poll_first = true},
        golden{}.u8(0, 13).u8(1, 1).u16(2, 7).i32(4, 3).u32(28, 04000));
}

TEST(golden_accept_stream, into_slots) {
    expect_sqe(op::accept_stream{.fd = 5, .as = slot_source{}},
               golden{}.u8(0, 13).u16(2, 1).i32(4, 5).u32(44, 0xffff'ffff));
}

TEST(golden_connect, points_to_the_address_and_puts_its_size_into_off) {
    ::sockaddr_in const a{};
    expect_sqe(op::connect{.fd = 5, .address = address_of(a), .size = sizeof a},
               golden{}.u8(0, 16).i32(4, 5).u64(8, 16).ptr(16, &a));
    expect_sqe(op::connect{.fd = fd_ref::slot(3), .address = address_of(a), .size = 2},
               golden{}.u8(0, 16).u8(1, 1).i32(4, 3).u64(8, 2).ptr(16, &a));
}

TEST(golden_shutdown, puts_what_to_end_into_len) {
    expect_sqe(op::shutdown{.fd = 5, .how = SHUT_WR}, golden{}.u8(0, 34).i32(4, 5).u32(24, 1));
    expect_sqe(op::shutdown{.fd = fd_ref::slot(3)},
               golden{}.u8(0, 34).u8(1, 1).i32(4, 3).u32(24, 2));
}

TEST(value_of_socket, owns_the_descriptor_or_the_slot) {
    op::socket const o{.domain = AF_INET, .type = SOCK_STREAM};
    auto fd = op::value_of(o, abi::cqe{.user_data = 0, .res = 900, .flags = 0});
    ASSERT_TRUE(fd.has_value());
    EXPECT_EQ(fd->release(), 900);

    op::socket const s{.domain = AF_INET, .type = SOCK_STREAM, .as = slot_source{.index = 6}};
    EXPECT_EQ(op::value_of(s, abi::cqe{.user_data = 0, .res = 0, .flags = 0})->index(), 6u);
    op::accept const a{.fd = 5, .as = slot_source{}};
    EXPECT_EQ(op::value_of(a, abi::cqe{.user_data = 0, .res = 4, .flags = 0})->index(), 4u);
}

TEST(value_of_connect, is_none_or_what_was_attempted) {
    op::connect const o{.fd = 5, .address = nullptr, .size = 0};
    EXPECT_TRUE(op::value_of(o, abi::cqe{}).has_value());
    auto const failed = op::value_of(o, abi::cqe{.user_data = 0, .res = -ECONNREFUSED, .flags = 0});
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error(), ECONNREFUSED);
    EXPECT_EQ(failed.error().attempted(), static_cast<attempt>(16));
}

} // namespace
} // namespace rondo
