// SPDX-License-Identifier: MIT

#include <rondo/op/message.hpp>
#include <rondo/op/send.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>

namespace rondo {
namespace {

using namespace std::string_view_literals;

class op_zero_copy : public test::ring_test {
protected:
    void register_buffer(std::span<char> memory) {
        ::iovec part{memory.data(), memory.size()};
        ring_.register_(abi::register_op::buffers, &part, 1).or_throw("register a buffer");
    }
};

TEST_F(op_zero_copy, send_completes_first_with_its_value_then_with_a_notification) {
    auto const [here, there] = test::tcp_pair();
    op::send_zc const o{.fd = here, .from = "hello"sv, .report_usage = true};
    ASSERT_TRUE(ring_.push(o, 1));
    abi::cqe const first = next();
    EXPECT_EQ(op::value_of(o, first), 5u);
    EXPECT_TRUE(more(first));
    EXPECT_FALSE(has(first, abi::cqe_flag::notif));
    EXPECT_EQ(test::receive_text(there, 5), "hello");
    abi::cqe const second = next();
    EXPECT_EQ(second.user_data, 1u);
    EXPECT_TRUE(has(second, abi::cqe_flag::notif));
    EXPECT_FALSE(more(second));
    // The loopback device hands the packet to the receiver, for whom it is copied.
    EXPECT_TRUE(op::was_copied(second));
}

TEST_F(op_zero_copy, run_returns_the_value_when_the_buffer_is_free_again) {
    auto const [here, there] = test::tcp_pair();
    EXPECT_EQ(ring_.run(op::send_zc{.fd = here, .from = "hello"sv}), 5u);
    EXPECT_EQ(test::receive_text(there, 5), "hello");
}

TEST_F(op_zero_copy, send_from_a_registered_buffer) {
    auto const [here, there] = test::tcp_pair();
    std::string memory = "a registered buffer, and what is behind it";
    register_buffer(std::span(memory).first(19));
    registered_bytes const word{.data = memory.data() + 2, .size = 10, .index = 0};
    EXPECT_EQ(ring_.run(op::send_zc{.fd = here, .from = word}), 10u);
    EXPECT_EQ(test::receive_text(there, 10), "registered");
    registered_bytes const outside{.data = memory.data() + 18, .size = 10, .index = 0};
    RONDO_EXPECT_ERROR(ring_.run(op::send_zc{.fd = here, .from = outside}), EFAULT);
}

TEST_F(op_zero_copy, send_from_iovecs_gathers) {
    auto const [here, there] = test::tcp_pair();
    std::string hello = "hello ", world = "world";
    std::array const parts{::iovec{hello.data(), hello.size()},
                           ::iovec{world.data(), world.size()}};
    EXPECT_EQ(ring_.run(op::send_zc{.fd = here, .from = parts}), 11u);
    EXPECT_EQ(test::receive_text(there, 11), "hello world");
}

TEST_F(op_zero_copy, send_to_an_address) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM), to = test::bound_socket(SOCK_DGRAM);
    ::sockaddr_in a = test::name_of(to);
    EXPECT_EQ(
        ring_.run(op::send_zc{
            .fd = from, .from = "datagram"sv, .to = test::address_of(a), .to_size = sizeof a}),
        8u);
    EXPECT_EQ(test::receive_text(to, 8), "datagram");
}

TEST_F(op_zero_copy, send_through_a_socket_that_cannot_says_so) {
    auto const [here, there] = test::unix_pair();
    RONDO_EXPECT_ERROR(ring_.run(op::send_zc{.fd = here, .from = "x"sv}), EOPNOTSUPP);
}

TEST_F(op_zero_copy, sendmsg_gathers) {
    auto const [here, there] = test::tcp_pair();
    std::string hello = "hello ", world = "world";
    std::array parts{::iovec{hello.data(), hello.size()}, ::iovec{world.data(), world.size()}};
    ::msghdr m{};
    m.msg_iov = parts.data();
    m.msg_iovlen = parts.size();
    EXPECT_EQ(ring_.run(op::sendmsg_zc{.fd = here, .message = &m}), 11u);
    EXPECT_EQ(test::receive_text(there, 11), "hello world");
}

TEST_F(op_zero_copy, sendmsg_gathers_parts_of_a_registered_buffer) {
    auto const [here, there] = test::tcp_pair();
    std::string memory = "hello, registered world";
    register_buffer(memory);
    std::array parts{::iovec{memory.data(), 5}, ::iovec{memory.data() + 17, 6}};
    ::msghdr m{};
    m.msg_iov = parts.data();
    m.msg_iovlen = parts.size();
    EXPECT_EQ(ring_.run(op::sendmsg_zc{.fd = here, .message = &m, .from = op::in_registered{0}}),
              11u);
    EXPECT_EQ(test::receive_text(there, 11), "hello world");
}

} // namespace
} // namespace rondo
