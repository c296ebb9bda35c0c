// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/net.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace rondo {
namespace {

using test::address_of;

class op_net : public test::ring_test {
protected:
    static bool closes_on_exec(unique_fd const& fd) {
        return (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
    }
    static bool does_not_block(unique_fd const& fd) {
        return (::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0;
    }
};

TEST_F(op_net, socket_makes_one_that_blocks_and_closes_on_exec) {
    auto const fd =
        ring_.run(op::socket{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    EXPECT_TRUE(closes_on_exec(fd));
    EXPECT_FALSE(does_not_block(fd));
    auto const other =
        ring_.run(op::socket{.domain = AF_UNIX, .type = SOCK_DGRAM, .flags = SOCK_NONBLOCK})
            .or_throw("socket");
    EXPECT_FALSE(closes_on_exec(other));
    EXPECT_TRUE(does_not_block(other));
}

TEST_F(op_net, socket_of_an_unknown_family_is_refused) {
    RONDO_EXPECT_ERROR(ring_.run(op::socket{.domain = 9999, .type = SOCK_STREAM}), EAFNOSUPPORT);
}

TEST_F(op_net, a_server_can_be_made_of_slots_alone) {
    register_files({-1, -1, -1});
    owned_slot const server =
        ring_.run(op::socket{.domain = AF_INET, .type = SOCK_STREAM, .as = slot_source{.index = 1}})
            .or_throw("socket");
    EXPECT_EQ(server.index(), 1u);
    ::sockaddr_in a = test::loopback();
    RONDO_EXPECT_OK(ring_.run(op::bind{.fd = server, .address = address_of(a), .size = sizeof a}));
    RONDO_EXPECT_OK(ring_.run(op::listen{.fd = server}));

    op::accept const accept{.fd = server, .dont_wait = true, .as = slot_source{}};
    RONDO_EXPECT_ERROR(ring_.run(accept), EAGAIN);
}

TEST_F(op_net, bind_listen_connect_and_accept_make_a_connection) {
    auto const listener =
        ring_.run(op::socket{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    ::sockaddr_in any = test::loopback();
    RONDO_EXPECT_OK(
        ring_.run(op::bind{.fd = listener, .address = address_of(any), .size = sizeof any}));
    RONDO_EXPECT_OK(ring_.run(op::listen{.fd = listener, .backlog = 4}));

    ::sockaddr_in a = test::name_of(listener);
    auto const client =
        ring_.run(op::socket{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    RONDO_EXPECT_OK(
        ring_.run(op::connect{.fd = client, .address = address_of(a), .size = sizeof a}));
    ::sockaddr_in peer{};
    ::socklen_t size = sizeof peer;
    auto const server =
        ring_
            .run(op::accept{
                .fd = listener, .address = address_of(peer), .size = &size, .flags = SOCK_NONBLOCK})
            .or_throw("accept");
    EXPECT_TRUE(does_not_block(server));
    EXPECT_FALSE(closes_on_exec(server));
    EXPECT_EQ(size, sizeof peer);
    EXPECT_EQ(peer.sin_port, test::name_of(client).sin_port);
    test::send_text(client, "hello");
    EXPECT_EQ(test::receive_text(server, 5), "hello");
}

TEST_F(op_net, bind_and_connect_take_unix_addresses) {
    ::sockaddr_un a{};
    a.sun_family = AF_UNIX;
    auto const path = directory_ / "s";
    std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
    auto const* const address = reinterpret_cast<::sockaddr const*>(&a);
    auto const listener =
        ring_.run(op::socket{.domain = AF_UNIX, .type = SOCK_STREAM}).or_throw("socket");
    RONDO_EXPECT_OK(ring_.run(op::bind{.fd = listener, .address = address, .size = sizeof a}));
    RONDO_EXPECT_ERROR(ring_.run(op::bind{.fd = listener, .address = address, .size = sizeof a}),
                       EADDRINUSE);
    RONDO_EXPECT_OK(ring_.run(op::listen{.fd = listener}));
    auto const client =
        ring_.run(op::socket{.domain = AF_UNIX, .type = SOCK_STREAM}).or_throw("socket");
    RONDO_EXPECT_OK(ring_.run(op::connect{.fd = client, .address = address, .size = sizeof a}));
}

TEST_F(op_net, connect_to_where_nobody_listens_is_refused) {
    unique_fd const bound = test::bound_socket(SOCK_STREAM);
    ::sockaddr_in a = test::name_of(bound);
    auto const client =
        ring_.run(op::socket{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    RONDO_EXPECT_ERROR(
        ring_.run(op::connect{.fd = client, .address = address_of(a), .size = sizeof a}),
        ECONNREFUSED);
}

TEST_F(op_net, accept_waits_for_the_connection) {
    unique_fd const listener = test::tcp_listener();
    ASSERT_TRUE(ring_.push(op::accept{.fd = listener, .poll_first = true}, 1));
    ring_.submit().or_throw("submit");
    abi::cqe early{};
    EXPECT_FALSE(ring_.pop(early));
    unique_fd const client = test::tcp_client(listener);
    auto const server = op::value_of(op::accept{.fd = listener}, next()).or_throw("accept");
    test::send_text(server, "hi");
    EXPECT_EQ(test::receive_text(client, 2), "hi");
}

TEST_F(op_net, accept_into_a_slot_fills_it) {
    register_files({-1, -1});
    unique_fd const listener = test::tcp_listener();
    unique_fd const first = test::tcp_client(listener), second = test::tcp_client(listener);
    auto const chosen = ring_.run(op::accept{.fd = listener, .as = slot_source{.index = 1}})
                            .or_throw("accept into slot 1");
    EXPECT_EQ(chosen.index(), 1u);
    auto const any =
        ring_.run(op::accept{.fd = listener, .as = slot_source{}}).or_throw("accept into any slot");
    EXPECT_EQ(any.index(), 0u);
    RONDO_EXPECT_OK(ring_.run(op::shutdown{.fd = any, .how = SHUT_WR}));
    EXPECT_EQ(test::receive_text(second, 1), "");

    unique_fd const third = test::tcp_client(listener);
    RONDO_EXPECT_ERROR(ring_.run(op::accept{.fd = listener, .as = slot_source{}}), ENFILE);
}

TEST_F(op_net, accept_stream_gives_one_connection_after_the_other) {
    unique_fd const listener = test::tcp_listener();
    op::accept_stream const stream{.fd = listener};
    ASSERT_TRUE(ring_.push(stream, 1));
    for (int i = 0; i < 3; ++i) {
        unique_fd const client = test::tcp_client(listener);
        abi::cqe const c = next();
        EXPECT_TRUE(more(c));
        auto const server = op::value_of(stream, c).or_throw("accept");
        EXPECT_TRUE(closes_on_exec(server));
        test::send_text(client, "x");
        EXPECT_EQ(test::receive_text(server, 1), "x");
    }
}

TEST_F(op_net, accept_stream_into_slots_ends_when_the_table_is_full) {
    register_files({-1, -1});
    unique_fd const listener = test::tcp_listener();
    op::accept_stream const stream{.fd = listener, .as = slot_source{}};
    ASSERT_TRUE(ring_.push(stream, 1));
    unique_fd const a = test::tcp_client(listener), b = test::tcp_client(listener);
    EXPECT_EQ(op::value_of(stream, next())->index(), 0u);
    EXPECT_EQ(op::value_of(stream, next())->index(), 1u);
    unique_fd const c = test::tcp_client(listener);
    abi::cqe const last = next();
    EXPECT_FALSE(more(last));
    EXPECT_EQ(op::value_of(stream, last).error(), ENFILE);
}

TEST_F(op_net, accept_stream_that_does_not_wait_ends_with_what_is_there) {
    unique_fd const listener = test::tcp_listener();
    unique_fd const client = test::tcp_client(listener);
    op::accept_stream const stream{.fd = listener, .dont_wait = true};
    ASSERT_TRUE(ring_.push(stream, 1));
    abi::cqe const first = next();
    EXPECT_TRUE(more(first));
    EXPECT_TRUE(op::value_of(stream, first).has_value());
    abi::cqe const last = next();
    EXPECT_FALSE(more(last));
    EXPECT_EQ(op::value_of(stream, last).error(), EAGAIN);
}

TEST_F(op_net, shutdown_wakes_who_waits_for_data) {
    auto const [here, there] = test::tcp_pair();
    RONDO_EXPECT_OK(ring_.run(op::shutdown{.fd = here, .how = SHUT_WR}));
    EXPECT_EQ(test::receive_text(there, 1), "");
    RONDO_EXPECT_OK(ring_.run(op::shutdown{.fd = here}));
    unique_fd const unconnected = test::bound_socket(SOCK_STREAM);
    RONDO_EXPECT_ERROR(ring_.run(op::shutdown{.fd = unconnected}), ENOTCONN);
}

TEST_F(op_net, a_connection_can_be_made_by_one_chain) {
    unique_fd const listener = test::tcp_listener();
    ::sockaddr_in a = test::name_of(listener);
    register_files({-1});
    auto const c =
        op::link(op::socket{.domain = AF_INET, .type = SOCK_STREAM, .as = slot_source{.index = 0}},
                 op::connect{.fd = fd_ref::slot(0), .address = address_of(a), .size = sizeof a},
                 op::shutdown{.fd = fd_ref::slot(0)});
    ring_.push(c, {1, 2, 3}).or_throw("push");
    for (std::uint64_t i = 1; i <= 3; ++i) {
        abi::cqe const done = next();
        EXPECT_EQ(done.user_data, i);
        EXPECT_EQ(done.res, 0);
    }
}

} // namespace
} // namespace rondo
