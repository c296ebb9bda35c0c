// SPDX-License-Identifier: MIT
// Zero-copy sends: the result first, and the notification that the memory is free when it pleases.
#include "simulated_test.hpp"

#include <support/child.hpp>

#include <rondo/ring/buffers.hpp>

#include <array>
#include <cstring>
#include <netinet/in.h>
#include <string_view>

namespace rondo::test {
namespace {

/// Both ends of a TCP connection.
std::pair<unique_fd, unique_fd> tcp_pair(ring& r) {
    auto const make = [&r] {
        return r.run(op::socket<>{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    };
    unique_fd const listener = make();
    ::sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(1234);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto const* const at = reinterpret_cast<::sockaddr const*>(&name);
    r.run(op::bind{.fd = listener, .address = at, .size = sizeof name}).or_throw("bind");
    r.run(op::listen{.fd = listener}).or_throw("listen");
    unique_fd client = make();
    r.run(op::connect{.fd = client, .address = at, .size = sizeof name}).or_throw("connect");
    return {std::move(client), r.run(op::accept<>{.fd = listener}).or_throw("accept")};
}

/// Pushes a zero-copy send, calls `meanwhile` after its result and waits for the notification.
template <class Op, class Meanwhile>
std::int32_t send_and(ring& r, Op const& o, Meanwhile meanwhile) {
    EXPECT_TRUE(r.push(o, 1));
    abi::cqe const first = next(r);
    EXPECT_TRUE(has_more(first));
    EXPECT_FALSE(is_notification(first));
    meanwhile();
    abi::cqe const second = next(r);
    EXPECT_TRUE(is_notification(second));
    EXPECT_FALSE(has_more(second));
    EXPECT_EQ(second.user_data, 1u);
    return first.res;
}

TEST(a_zero_copy_send, is_told_of_late) {
    simulation s = simulate(only(&chances::late_notification, 1));
    ring r = ring_of(s);
    auto const ends = tcp_pair(r);
    std::array<char, 64> bytes{};
    EXPECT_EQ(send_and(r, op::send_zc{.fd = ends.first, .from = bytes},
                       [&] {
                           abi::cqe c{};
                           EXPECT_FALSE(r.pop(c)); // not yet
                       }),
              64);
    EXPECT_TRUE(tells(s, "is kept back"));
    bytes.fill('y'); // from now on it is ours
    EXPECT_EQ(r.run(op::send_zc{.fd = ends.first, .from = bytes}), 64u);
    std::array<char, 128> received{};
    EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = received, .flags = MSG_WAITALL}), 128u);
    EXPECT_EQ(received[63], '\0');
    EXPECT_EQ(received[64], 'y');
}

TEST(a_zero_copy_send, says_that_it_copied_when_asked) {
    simulation s = simulate(only(&chances::late_notification, 1));
    ring r = ring_of(s);
    auto const ends = tcp_pair(r);
    std::array<char, 64> bytes{};
    ASSERT_TRUE(r.push(op::send_zc{.fd = ends.first, .from = bytes, .report_usage = true}, 1));
    EXPECT_EQ(next(r).res, 64);
    abi::cqe const told = next(r);
    EXPECT_TRUE(is_notification(told));
    EXPECT_TRUE(op::was_copied(told));
}

TEST(a_zero_copy_send, of_iovecs_lets_the_list_go_at_once) {
    simulation s = simulate(only(&chances::late_notification, 1));
    ring r = ring_of(s);
    auto const ends = tcp_pair(r);
    std::array<char, 64> bytes{};
    std::array<::iovec, 2> parts{{{bytes.data(), 32}, {&bytes[32], 32}}};
    EXPECT_EQ(
        send_and(r, op::send_zc{.fd = ends.first, .from = iovecs(parts)}, [&] { parts.fill({}); }),
        64);
    ::msghdr header{};
    parts = {{{bytes.data(), 32}, {&bytes[32], 32}}};
    header.msg_iov = parts.data();
    header.msg_iovlen = parts.size();
    EXPECT_EQ(send_and(r, op::sendmsg_zc{.fd = ends.first, .message = &header},
                       [&] { header = {}, parts.fill({}); }),
              64);
}

TEST(a_zero_copy_send, leaves_alone_what_it_did_not_send) {
    simulation_options options = only(&chances::late_notification, 1);
    options.how.short_count = 1;
    simulation s = simulate(options);
    ring r = ring_of(s);
    auto const ends = tcp_pair(r);
    std::array<char, 64> bytes{};
    std::int32_t sent = 0;
    ASSERT_TRUE(r.push(op::send_zc{.fd = ends.first, .from = bytes}, 1));
    sent = next(r).res;
    ASSERT_LT(sent, 64);
    bytes.back() = 'y';
    EXPECT_TRUE(is_notification(next(r)));
}

TEST(a_zero_copy_send, whose_ring_ends_is_forgotten) {
    simulation s = simulate(only(&chances::late_notification, 1));
    std::array<char, 64> bytes{};
    unique_fd kept;
    {
        ring r = ring_of(s);
        auto ends = tcp_pair(r);
        kept = std::move(ends.second);
        ASSERT_TRUE(r.push(op::send_zc{.fd = ends.first, .from = bytes}, 1));
        r.submit().or_throw("submit");
    }
    ring r = ring_of(s);
    std::array<char, 64> received{};
    EXPECT_EQ(r.run(op::recv{.fd = kept, .into = received, .flags = MSG_WAITALL}), 64u);
}

/// What becomes of a program that touches the memory of `make_op(bytes)` before the notification.
template <class MakeOp, class Touch>
child_end touched(MakeOp make_op, Touch touch) {
    return in_child([&] {
        simulation s = simulate(only(&chances::late_notification, 1, 42));
        ring r = ring_of(s);
        auto const ends = tcp_pair(r);
        std::array<char, 64> bytes{};
        send_and(r, make_op(ends.first, bytes), [&] { touch(bytes); });
    });
}

TEST(memory_of_a_zero_copy_send, that_changes_too_early_is_found) {
    auto const change = [](std::array<char, 64>& bytes) { bytes[40] = 'y'; };
    std::string_view const complaint = "a zero-copy send, was changed before its notification";
    child_end end = touched(
        [](unique_fd const& fd, auto& bytes) { return op::send_zc{.fd = fd, .from = bytes}; },
        change);
    EXPECT_TRUE(end.aborted_with(complaint)) << end;
    EXPECT_TRUE(end.aborted_with("seed 42")) << end;
    EXPECT_TRUE(end.aborted_with("send_zc on tcp")) << end;
    end = touched(
        [](unique_fd const& fd, auto& bytes) {
            return op::send_zc{.fd = fd, .from = bytes, .report_usage = true};
        },
        change);
    EXPECT_TRUE(end.aborted_with(complaint)) << end;
    static ::iovec part{};
    end = touched(
        [](unique_fd const& fd, auto& bytes) {
            part = {bytes.data(), bytes.size()};
            return op::send_zc{.fd = fd, .from = iovecs(&part, 1)};
        },
        change);
    EXPECT_TRUE(end.aborted_with(complaint)) << end;
    static ::msghdr header{};
    end = touched(
        [](unique_fd const& fd, auto& bytes) {
            part = {bytes.data(), bytes.size()};
            header.msg_iov = &part;
            header.msg_iovlen = 1;
            return op::sendmsg_zc{.fd = fd, .message = &header};
        },
        change);
    EXPECT_TRUE(end.aborted_with(complaint)) << end;
}

} // namespace
} // namespace rondo::test
