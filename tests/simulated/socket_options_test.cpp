// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

#include <netinet/tcp.h>

#include <sys/time.h>

namespace rondo::engine::simulation {
namespace {

class simulated_socket_options : public sockets_fixture {};

TEST_F(simulated_socket_options, tell_what_a_socket_is) {
    long const tcp = listener(AF_INET6, SOCK_STREAM, v6("::1", 80));
    EXPECT_EQ(option(tcp, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    EXPECT_EQ(option(tcp, SOL_SOCKET, SO_DOMAIN), AF_INET6);
    EXPECT_EQ(option(tcp, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    EXPECT_EQ(option(tcp, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(option(tcp, SOL_SOCKET, SO_ERROR), 0);
    EXPECT_EQ(set(tcp, SOL_SOCKET, SO_TYPE, 1), -ENOPROTOOPT);
}

TEST_F(simulated_socket_options, are_kept_as_they_were_set) {
    long const fd = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(set(fd, IPPROTO_TCP, TCP_NODELAY, 7), 0);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 7), 0);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
    ::timeval const limit{.tv_sec = 3, .tv_usec = 4};
    EXPECT_EQ(call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    ::timeval got{};
    ::socklen_t size = sizeof got;
    EXPECT_EQ(call(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &got, &size), 0);
    EXPECT_EQ(size, sizeof got);
    EXPECT_EQ(got.tv_sec, 3);
    EXPECT_EQ(got.tv_usec, 4);
}

TEST_F(simulated_socket_options, of_other_protocols_are_refused) {
    long const udp = socket(AF_INET, SOCK_DGRAM), local = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(set(udp, IPPROTO_TCP, TCP_NODELAY, 1), -ENOPROTOOPT);
    EXPECT_EQ(set(local, IPPROTO_TCP, TCP_NODELAY, 1), -EOPNOTSUPP);
    EXPECT_EQ(set(udp, IPPROTO_IPV6, IPV6_V6ONLY, 1), -ENOPROTOOPT);
    EXPECT_EQ(set(udp, SOL_SOCKET, 9999, 1), -ENOPROTOOPT);
    EXPECT_EQ(option(udp, SOL_SOCKET, 9999), -ENOPROTOOPT);
    EXPECT_EQ(call(SYS_setsockopt, udp, SOL_SOCKET, SO_REUSEADDR, 0, sizeof(int)), -EFAULT);
    int one = 1;
    EXPECT_EQ(call(SYS_setsockopt, udp, SOL_SOCKET, SO_REUSEADDR, &one, 3), -EINVAL);
}

TEST_F(simulated_socket_options, of_buffers_bound_what_is_on_its_way) {
    auto const [client, server] = tcp_pair();
    EXPECT_EQ(set(client, SOL_SOCKET, SO_SNDBUF, 1), 0);
    EXPECT_EQ(option(client, SOL_SOCKET, SO_SNDBUF), 4608);
    EXPECT_EQ(set(server, SOL_SOCKET, SO_RCVBUF, 5000), 0);
    EXPECT_EQ(option(server, SOL_SOCKET, SO_RCVBUF), 10'000);
    EXPECT_EQ(send(client, std::string(50'000, 'x')), 14'608);
    EXPECT_EQ(send(client, "x"), -EAGAIN);
}

TEST_F(simulated_socket_options, a_connection_has_those_of_its_listener) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    EXPECT_EQ(set(heard, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
    EXPECT_EQ(connect(socket(AF_INET, SOCK_STREAM), v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(option(accept(heard), SOL_SOCKET, SO_KEEPALIVE), 1);
}

TEST_F(simulated_socket_options, kinds_of_sockets_that_are_not_here_are_refused) {
    EXPECT_EQ(socket(AF_NETLINK, SOCK_RAW), -EAFNOSUPPORT);
    EXPECT_EQ(socket(AF_INET, SOCK_RAW), -EPROTONOSUPPORT);
    EXPECT_EQ(socket(AF_INET, SOCK_SEQPACKET), -ESOCKTNOSUPPORT);
    EXPECT_EQ(call(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
    EXPECT_EQ(call(SYS_socket, AF_INET, SOCK_STREAM | 0x100, 0), -EINVAL);
    EXPECT_EQ(call(SYS_getsockname, pipe().first, 0, 0), -ENOTSOCK);
    EXPECT_EQ(call(SYS_getsockname, socket(AF_INET, SOCK_STREAM), 0, 0), -EFAULT);
}

} // namespace
} // namespace rondo::engine::simulation
