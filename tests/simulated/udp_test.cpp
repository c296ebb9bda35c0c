// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

#include <set>

namespace rondo::engine::simulation {
namespace {

class simulated_udp : public sockets_fixture {
protected:
    long bound(std::uint16_t port) {
        long const fd = socket(AF_INET, SOCK_DGRAM);
        EXPECT_EQ(bind(fd, v4("127.0.0.1", port)), 0);
        return fd;
    }
};

TEST_F(simulated_udp, a_datagram_comes_whole_and_with_its_sender) {
    long const to = bound(53), from = bound(1053);
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), "hello"), 5);
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), ""), 0);
    EXPECT_EQ(waiting_bytes(to), 5);
    place sender;
    char text[3];
    EXPECT_EQ(call(SYS_recvfrom, to, text, 3, MSG_TRUNC | MSG_PEEK, &sender.bytes, &sender.size),
              5);
    EXPECT_EQ(text_of(sender), "127.0.0.1:1053");
    ::iovec part{text, 3};
    ::msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_controllen = 7;
    EXPECT_EQ(call(SYS_recvmsg, to, &header, 0), 3);
    EXPECT_EQ(header.msg_flags, MSG_TRUNC);
    EXPECT_EQ(header.msg_controllen, 0u);
    EXPECT_EQ(receive(to), "");
    EXPECT_EQ(receive(to), error(EAGAIN));
}

TEST_F(simulated_udp, a_socket_without_an_address_gets_one_when_it_sends) {
    long const to = bound(53), from = socket(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(send(from, "x"), -EDESTADDRREQ);
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), "x"), 1);
    EXPECT_EQ(name_of(from), "0.0.0.0:32768");
    EXPECT_EQ(receive(to), "x");
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 0), "x"), -EINVAL);
    EXPECT_EQ(send_to(from, v4("192.0.2.1", 1), "x"), -ENETUNREACH);
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), std::string(65'508, 'x')), -EMSGSIZE);
    EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), std::string(65'507, 'x')), 65'507);
}

TEST_F(simulated_udp, a_connected_socket_hears_its_peer_only) {
    long const one = bound(1), two = bound(2), three = bound(3);
    EXPECT_EQ(connect(one, v4("127.0.0.1", 2)), 0);
    EXPECT_EQ(send_to(three, v4("127.0.0.1", 1), "who?"), 4);
    EXPECT_EQ(receive(one), error(EAGAIN));
    EXPECT_EQ(send_to(two, v4("127.0.0.1", 1), "me"), 2);
    EXPECT_EQ(receive(one), "me");
    EXPECT_EQ(name_of(one, SYS_getpeername), "127.0.0.1:2");
    place const nowhere{.bytes = {}, .size = sizeof(::sockaddr_in)};
    EXPECT_EQ(connect(one, nowhere), 0);
    EXPECT_EQ(name_of(one, SYS_getpeername), error(ENOTCONN));
    EXPECT_EQ(send_to(three, v4("127.0.0.1", 1), "now"), 3);
    EXPECT_EQ(receive(one), "now");
}

TEST_F(simulated_udp, a_connected_socket_learns_that_nobody_is_there) {
    long const fd = socket(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(connect(fd, v4("127.0.0.1", 9)), 0);
    EXPECT_EQ(send(fd, "x"), 1);
    EXPECT_EQ(ready(fd), EPOLLOUT | EPOLLERR);
    EXPECT_EQ(receive(fd), error(ECONNREFUSED));
    EXPECT_EQ(receive(fd), error(EAGAIN));
    EXPECT_EQ(send(fd, "x"), 1);
    EXPECT_EQ(send(fd, "x"), -ECONNREFUSED);
}

TEST_F(simulated_udp, what_finds_no_room_is_lost) {
    long const to = bound(53), from = bound(1053);
    EXPECT_EQ(set(to, SOL_SOCKET, SO_RCVBUF, 4096), 0);
    EXPECT_EQ(option(to, SOL_SOCKET, SO_RCVBUF), 8192);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), std::string(1000, 'x')), 1000);
    int came = 0;
    while (receive(to, 2000).size() == 1000)
        ++came;
    EXPECT_EQ(came, 7);
}

TEST_F(simulated_udp, an_ended_socket_says_so) {
    long const fd = bound(53);
    EXPECT_EQ(connect(fd, v4("127.0.0.1", 53)), 0);
    EXPECT_EQ(call(SYS_shutdown, fd, SHUT_RDWR), 0);
    EXPECT_EQ(ready(fd), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    EXPECT_EQ(receive(fd), "");
    EXPECT_EQ(send(fd, "x"), -EPIPE);
    EXPECT_EQ(accept(fd), -EOPNOTSUPP);
    EXPECT_EQ(call(SYS_listen, fd, 1), -EOPNOTSUPP);
}

class simulated_slow_udp : public sockets_fixture {
protected:
    simulated_slow_udp() : sockets_fixture(slow, 3) {}
};

TEST_F(simulated_slow_udp, one_datagram_overtakes_another_and_none_is_lost) {
    long const to = socket(AF_INET, SOCK_DGRAM), from = socket(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(bind(to, v4("127.0.0.1", 53)), 0);
    std::vector<std::string> sent, got;
    for (int i = 10; i < 60; ++i) {
        sent.push_back(std::to_string(i));
        EXPECT_EQ(send_to(from, v4("127.0.0.1", 53), sent.back()), 2);
    }
    EXPECT_EQ(close(from), 0); // which does not take back what it sent
    settle();
    while (waiting_bytes(to) > 0)
        got.push_back(receive(to));
    EXPECT_NE(got, sent);
    EXPECT_EQ(std::set(got.begin(), got.end()), std::set(sent.begin(), sent.end()));
}

} // namespace
} // namespace rondo::engine::simulation
