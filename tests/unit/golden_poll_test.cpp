// SPDX-License-Identifier: MIT

#include <rondo/op/cancel.hpp>
#include <rondo/op/poll.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>

namespace rondo {
namespace {

using abi::poll_flag;
using op::cancel_match;
using test::expect_sqe;
using test::golden;

// The mask as the machine's byte order has it in an SQE.
constexpr std::uint32_t mask(std::uint32_t events) {
    return std::endian::native == std::endian::big ? events >> 16 | events << 16 : events;
}

TEST(golden_poll, has_the_event_mask_in_32_bits) {
    expect_sqe(op::poll{.fd = 5, .events = POLLIN}, golden{}.u8(0, 6).i32(4, 5).u32(28, mask(1)));
    expect_sqe(op::poll{.fd = fd_ref::slot(3), .events = POLLOUT | EPOLLRDHUP | EPOLLEXCLUSIVE},
               golden{}.u8(0, 6).u8(1, 1).i32(4, 3).u32(28, mask(0x1000'2004)));
}

TEST(golden_poll_stream, sets_the_multishot_flag_in_len) {
    expect_sqe(op::poll_stream{.fd = 5, .events = POLLIN},
               golden{}.u8(0, 6).i32(4, 5).u32(24, 1).u32(28, mask(1)));
    expect_sqe(op::poll_stream{.fd = fd_ref::slot(3), .events = POLLIN, .level = true},
               golden{}.u8(0, 6).u8(1, 1).i32(4, 3).u32(24, 9).u32(28, mask(1)));
}

TEST(golden_poll_update, names_the_poll_in_addr_and_its_new_name_in_off) {
    expect_sqe(
        op::poll_update{.user_data = 77, .what = poll_flag::update_events, .events = POLLOUT},
        golden{}.u8(0, 7).i32(4, -1).u64(16, 77).u32(24, 2).u32(28, mask(4)));
    expect_sqe(op::poll_update{.user_data = 77,
                               .what = poll_flag::update_events | poll_flag::update_user_data |
                                       poll_flag::add_multi,
                               .events = POLLOUT,
                               .new_user_data = 78},
               golden{}.u8(0, 7).i32(4, -1).u64(8, 78).u64(16, 77).u32(24, 7).u32(28, mask(4)));
}

TEST(golden_poll_remove, names_the_poll_in_addr) {
    expect_sqe(op::poll_remove{.user_data = 77}, golden{}.u8(0, 7).i32(4, -1).u64(16, 77));
}

TEST(golden_epoll_ctl, has_the_action_in_len_and_the_file_in_off) {
    ::epoll_event const event{};
    expect_sqe(op::epoll_ctl{.epoll = 5, .fd = 6, .action = EPOLL_CTL_MOD, .event = &event},
               golden{}.u8(0, 29).i32(4, 5).u64(8, 6).ptr(16, &event).u32(24, 3));
    expect_sqe(op::epoll_ctl{.epoll = 5, .fd = 6, .action = EPOLL_CTL_DEL},
               golden{}.u8(0, 29).i32(4, 5).u64(8, 6).u32(24, 2));
}

TEST(golden_epoll_wait, points_to_the_events) {
    std::array<::epoll_event, 4> events{};
    expect_sqe(op::epoll_wait{.fd = 5, .events = events},
               golden{}.u8(0, 59).i32(4, 5).ptr(16, events.data()).u32(24, 4));
    expect_sqe(op::epoll_wait{.fd = fd_ref::slot(3), .events = events},
               golden{}.u8(0, 59).u8(1, 1).i32(4, 3).ptr(16, events.data()).u32(24, 4));
}

TEST(golden_cancel, by_user_data_alone_needs_no_flags) {
    expect_sqe(op::cancel{.what = cancel_match::user_data(77)},
               golden{}.u8(0, 14).i32(4, -1).u64(16, 77));
    expect_sqe(op::cancel{.what = cancel_match::user_data(77), .all = true},
               golden{}.u8(0, 14).i32(4, -1).u64(16, 77).u32(28, 1));
}

TEST(golden_cancel, by_file_names_the_descriptor_or_the_slot) {
    expect_sqe(op::cancel{.what = cancel_match::fd(5)}, golden{}.u8(0, 14).i32(4, 5).u32(28, 2));
    expect_sqe(op::cancel{.what = cancel_match::fd(fd_ref::slot(3)), .all = true},
               golden{}.u8(0, 14).i32(4, 3).u32(28, 11));
}

TEST(golden_cancel, by_opcode_has_it_in_len) {
    expect_sqe(op::cancel{.what = cancel_match::code(abi::opcode::recv)},
               golden{}.u8(0, 14).i32(4, -1).u32(24, 27).u32(28, 32));
}

TEST(golden_cancel, of_anything) {
    expect_sqe(op::cancel{.what = cancel_match::any()}, golden{}.u8(0, 14).i32(4, -1).u32(28, 4));
}

TEST(golden_cancel, by_several_conditions_has_the_flags_of_all) {
    auto const file_and_code = cancel_match::fd(5) & cancel_match::code(abi::opcode::recv);
    expect_sqe(op::cancel{.what = file_and_code, .all = true},
               golden{}.u8(0, 14).i32(4, 5).u32(24, 27).u32(28, 35));
    auto const all_three = cancel_match::code(abi::opcode::recv) & cancel_match::user_data(77) &
                           cancel_match::fd(fd_ref::slot(3));
    expect_sqe(op::cancel{.what = all_three},
               golden{}.u8(0, 14).i32(4, 3).u64(16, 77).u32(24, 27).u32(28, 58));
    auto const two = cancel_match::user_data(77) & cancel_match::code(abi::opcode::nop);
    expect_sqe(op::cancel{.what = two}, golden{}.u8(0, 14).i32(4, -1).u64(16, 77).u32(28, 48));
}

TEST(value_of_cancel, counts_what_was_found) {
    auto const done = [](std::int32_t res) { return abi::cqe{0, res, 0}; };
    op::cancel const one{.what = cancel_match::user_data(77)};
    EXPECT_EQ(op::value_of(one, done(0)), 1u);
    EXPECT_EQ(op::value_of(one, done(-ENOENT)).error(), ENOENT);
    EXPECT_EQ(op::value_of(op::cancel{.what = cancel_match::fd(5), .all = true}, done(0)), 0u);
    EXPECT_EQ(op::value_of(op::cancel{.what = cancel_match::any()}, done(3)), 3u);
}

} // namespace
} // namespace rondo
