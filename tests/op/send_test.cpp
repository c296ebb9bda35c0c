// SPDX-License-Identifier: MIT

#include <rondo/op/send.hpp>
#include <rondo/ring/ring.hpp>

#include <support/buffer_group.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {
namespace {

using namespace std::string_view_literals;

class op_send : public test::ring_test {
protected:
    void fill(test::buffer_group& group, std::size_t id, char with) {
        std::memset(group.memory(id).data(), with, group.memory(id).size());
    }
};

TEST_F(op_send, sends_bytes) {
    auto const [here, there] = test::tcp_pair();
    EXPECT_EQ(ring_.run(op::send{.fd = here, .from = "hello"sv}), 5u);
    EXPECT_EQ(test::receive_text(there, 5), "hello");
    EXPECT_EQ(ring_.run(op::send{.fd = here, .from = "!"sv, .poll_first = true}), 1u);
    EXPECT_EQ(test::receive_text(there, 1), "!");
}

TEST_F(op_send, through_a_slot) {
    auto const [here, there] = test::tcp_pair();
    register_files({-1, here.get()});
    EXPECT_EQ(ring_.run(op::send{.fd = fd_ref::slot(1), .from = "hello"sv}), 5u);
    EXPECT_EQ(test::receive_text(there, 5), "hello");
}

TEST_F(op_send, to_an_address_needs_no_connection) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM), to = test::bound_socket(SOCK_DGRAM);
    ::sockaddr_in a = test::name_of(to);
    EXPECT_EQ(
        ring_.run(op::send{
            .fd = from, .from = "datagram"sv, .to = test::address_of(a), .to_size = sizeof a}),
        8u);
    EXPECT_EQ(test::receive_text(to, 8), "datagram");
    RONDO_EXPECT_ERROR(ring_.run(op::send{.fd = from, .from = "x"sv}), EDESTADDRREQ);
}

TEST_F(op_send, to_a_peer_that_is_gone_says_epipe_and_raises_no_signal) {
    auto const [here, there] = test::unix_pair();
    test::must(::shutdown(there.get(), SHUT_RDWR), "shutdown");
    RONDO_EXPECT_ERROR(ring_.run(op::send{.fd = here, .from = "x"sv}), EPIPE);
}

TEST_F(op_send, that_may_not_wait_says_eagain_when_the_queue_is_full) {
    auto const [here, there] = test::unix_pair();
    std::vector<char> const much(1 << 20);
    auto const n =
        ring_.run(op::send{.fd = here, .from = much, .flags = MSG_DONTWAIT}).or_throw("send");
    EXPECT_LT(n, much.size());
    RONDO_EXPECT_ERROR(ring_.run(op::send{.fd = here, .from = much, .flags = MSG_DONTWAIT}),
                       EAGAIN);
}

TEST_F(op_send, from_iovecs_gathers) {
    auto const [here, there] = test::tcp_pair();
    std::string hello = "hello ", world = "world";
    std::array const parts{::iovec{hello.data(), hello.size()},
                           ::iovec{world.data(), world.size()}};
    EXPECT_EQ(ring_.run(op::send{.fd = here, .from = parts}), 11u);
    EXPECT_EQ(test::receive_text(there, 11), "hello world");
}

TEST_F(op_send, from_a_group_sends_a_buffer_and_gives_it_back) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    fill(group, 0, 'a');
    {
        auto const lease = ring_.run(op::send{.fd = here, .from = group.source()}).or_throw("send");
        EXPECT_EQ(lease.size(), group.size);
        EXPECT_EQ(lease.first_id(), 0u);
        EXPECT_EQ(group.lent(), 1);
    }
    EXPECT_EQ(group.lent(), 0);
    EXPECT_EQ(test::receive_text(there, group.size), std::string(group.size, 'a'));
}

TEST_F(op_send, from_an_empty_group_says_enobufs) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    buffer_lease held[test::buffer_group::count];
    for (buffer_lease& lease : held)
        lease = ring_.run(op::send{.fd = here, .from = group.source()}).or_throw("send");
    RONDO_EXPECT_ERROR(ring_.run(op::send{.fd = here, .from = group.source()}), ENOBUFS);
}

TEST_F(op_send, stream_sends_all_that_the_group_holds_as_one_bundle) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    std::string expected;
    for (std::size_t id = 0; id < group.count; ++id) {
        fill(group, id, static_cast<char>('a' + id));
        expected.append(group.size, static_cast<char>('a' + id));
    }
    op::send_stream const stream{.fd = here, .from = group.source()};
    ASSERT_TRUE(ring_.push(stream, 1));
    abi::cqe const c = next();
    auto const lease = op::value_of(stream, c).or_throw("send");
    EXPECT_EQ(lease.size(), expected.size());
    EXPECT_EQ(lease.parts(), std::size_t{group.count});
    EXPECT_EQ(test::receive_text(there, expected.size()), expected);
    if (more(c)) {
        abi::cqe const last = next();
        EXPECT_FALSE(more(last));
        EXPECT_EQ(op::value_of(stream, last).error(), ENOBUFS);
    }
}

} // namespace
} // namespace rondo
