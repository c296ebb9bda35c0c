// SPDX-License-Identifier: MIT

#include <rondo/op/message.hpp>
#include <rondo/ring/ring.hpp>

#include <support/buffer_group.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo {
namespace {

using namespace std::string_view_literals;

class op_message : public test::ring_test {
protected:
    /// A message of these parts; they stay where they are.
    static ::msghdr message_of(std::span<::iovec> parts) {
        ::msghdr m{};
        m.msg_iov = parts.data();
        m.msg_iovlen = parts.size();
        return m;
    }
    static ::iovec part_of(std::span<char> bytes) { return {bytes.data(), bytes.size()}; }
};

TEST_F(op_message, sendmsg_and_recvmsg_gather_and_scatter) {
    auto const [here, there] = test::tcp_pair();
    std::string hello = "hello ", world = "world";
    std::array out{part_of(hello), part_of(world)};
    ::msghdr const sent = message_of(out);
    EXPECT_EQ(ring_.run(op::sendmsg{.fd = here, .message = &sent}), 11u);

    std::array<char, 4> first{};
    std::array<char, 16> second{};
    std::array in{part_of(first), part_of(second)};
    ::msghdr received = message_of(in);
    EXPECT_EQ(ring_.run(op::recvmsg{.fd = there, .message = &received, .poll_first = true}), 11u);
    EXPECT_EQ(std::string_view(first.data(), 4), "hell");
    EXPECT_EQ(std::string_view(second.data(), 7), "o world");
}

TEST_F(op_message, recvmsg_tells_the_senders_address_and_that_it_cut) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM), to = test::bound_socket(SOCK_DGRAM);
    ::sockaddr_in a = test::name_of(to), sender{};
    std::string text = "datagram";
    std::array out{part_of(text)};
    ::msghdr sent = message_of(out);
    sent.msg_name = &a;
    sent.msg_namelen = sizeof a;
    EXPECT_EQ(ring_.run(op::sendmsg{.fd = from, .message = &sent}), 8u);

    std::array<char, 4> memory{};
    std::array in{part_of(memory)};
    ::msghdr received = message_of(in);
    received.msg_name = &sender;
    received.msg_namelen = sizeof sender;
    EXPECT_EQ(ring_.run(op::recvmsg{.fd = to, .message = &received}), 4u);
    EXPECT_EQ(sender.sin_port, test::name_of(from).sin_port);
    EXPECT_EQ(received.msg_namelen, sizeof sender);
    EXPECT_EQ(received.msg_flags & MSG_TRUNC, MSG_TRUNC);
}

TEST_F(op_message, control_data_carry_a_descriptor) {
    auto const [here, there] = test::unix_pair();
    unique_fd const file = file_with("f", "x");
    char byte = 'x';
    ::iovec part{&byte, 1};
    alignas(::cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    ::msghdr m{};
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    ::cmsghdr* const head = CMSG_FIRSTHDR(&m);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    int const sent = file.get();
    std::memcpy(CMSG_DATA(head), &sent, sizeof sent);
    EXPECT_EQ(ring_.run(op::sendmsg{.fd = here, .message = &m}), 1u);

    std::memset(control, 0, sizeof control);
    m.msg_controllen = sizeof control;
    EXPECT_EQ(ring_.run(op::recvmsg{.fd = there, .message = &m, .flags = MSG_CMSG_CLOEXEC}), 1u);
    ASSERT_NE(CMSG_FIRSTHDR(&m), nullptr);
    int number = -1;
    std::memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof number);
    unique_fd const received(number);
    struct ::stat a{}, b{};
    ASSERT_EQ(::fstat(file.get(), &a), 0);
    ASSERT_EQ(::fstat(received.get(), &b), 0);
    EXPECT_EQ(a.st_ino, b.st_ino);
}

TEST_F(op_message, recvmsg_from_a_group_leases_the_buffer) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    test::send_text(there, "hello");
    ::msghdr m{};
    auto const lease = ring_.run(op::recvmsg{.fd = here, .message = &m, .into = group.source()})
                           .or_throw("recvmsg");
    EXPECT_EQ(lease.size(), 5u);
    EXPECT_EQ(std::memcmp(lease.bytes().data(), "hello", 5), 0);
}

TEST_F(op_message, recvmsg_stream_lays_address_and_payload_into_each_buffer) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM), to = test::bound_socket(SOCK_DGRAM);
    test::buffer_group group(ring_, 3);
    ::msghdr like{};
    like.msg_namelen = sizeof(::sockaddr_in);
    op::recvmsg_stream const stream{.fd = to, .like = &like, .into = group.source()};
    ASSERT_TRUE(ring_.push(stream, 1));
    ring_.submit().or_throw("submit");

    ::sockaddr_in a = test::name_of(to);
    std::string const fits(10, 'a'), too_long(100, 'b');
    for (std::string const& text : {fits, too_long}) {
        test::must(static_cast<int>(::sendto(from.get(), text.data(), text.size(), 0,
                                             test::address_of(a), sizeof a)),
                   "sendto");
        abi::cqe const c = next();
        EXPECT_TRUE(more(c));
        auto const lease = op::value_of(stream, c).or_throw("recvmsg");
        auto const m = op::received_message::parse(lease.bytes(), like).or_throw("parse");
        ::sockaddr_in sender{};
        ASSERT_EQ(m.name().size(), sizeof sender);
        std::memcpy(&sender, m.name().data(), sizeof sender);
        EXPECT_EQ(sender.sin_port, test::name_of(from).sin_port);
        // 64 bytes of buffer less the header's 16 and the address's 16.
        EXPECT_EQ(m.payload().size(), text.size() < 32 ? text.size() : 32u);
        EXPECT_EQ(std::memcmp(m.payload().data(), text.data(), m.payload().size()), 0);
        EXPECT_EQ((m.flags() & MSG_TRUNC) != 0, text.size() > 32);
    }
}

} // namespace
} // namespace rondo
