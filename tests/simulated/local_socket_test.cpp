// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

namespace rondo::engine::simulation {
namespace {

using namespace std::string_view_literals;

class simulated_local_socket : public sockets_fixture {};

TEST_F(simulated_local_socket, a_pair_is_connected) {
    auto const [one, two] = pair(SOCK_STREAM);
    EXPECT_EQ(send(one, "abc"), 3);
    EXPECT_EQ(write(one, "def"), 3);
    EXPECT_EQ(read(two, 4), "abcd");
    EXPECT_EQ(waiting_bytes(two), 2);
    EXPECT_EQ(name_of(one, SYS_getpeername), "unix:");
    EXPECT_EQ(option(one, SOL_SOCKET, SO_DOMAIN), AF_UNIX);
    int ends[2];
    EXPECT_EQ(call(SYS_socketpair, AF_INET, SOCK_STREAM, 0, ends), -EOPNOTSUPP);
    EXPECT_EQ(call(SYS_socketpair, AF_UNIX, 9, 0, ends), -ESOCKTNOSUPPORT);
    EXPECT_EQ(call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 0), -EFAULT);
}

TEST_F(simulated_local_socket, connecting_takes_no_time) {
    long const heard = listener(AF_UNIX, SOCK_STREAM, local("/run/me"));
    long const client = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(ready(client), EPOLLOUT | EPOLLHUP);
    EXPECT_EQ(receive(client), error(EINVAL));
    EXPECT_EQ(send(client, "x"), -ENOTCONN);
    EXPECT_EQ(connect(client, local("/run/me")), 0);
    EXPECT_EQ(connect(client, local("/run/me")), -EISCONN);
    EXPECT_EQ(name_of(client, SYS_getpeername), "unix:/run/me@");
    EXPECT_EQ(send(client, "early"), 5);
    long const server = accept(heard);
    EXPECT_EQ(receive(server), "early");
    EXPECT_EQ(name_of(server), "unix:/run/me@");
    EXPECT_EQ(name_of(server, SYS_getpeername), "unix:");
}

TEST_F(simulated_local_socket, names_are_found_or_not) {
    long const fd = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(connect(fd, local("/none")), -ENOENT);
    EXPECT_EQ(connect(fd, local("\0none"sv)), -ECONNREFUSED);
    long const other = socket(AF_UNIX, SOCK_DGRAM);
    EXPECT_EQ(bind(other, local("/dgram")), 0);
    EXPECT_EQ(connect(fd, local("/dgram")), -EPROTOTYPE);
    long const idle = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(bind(idle, local("/idle")), 0);
    EXPECT_EQ(bind(idle, local("/again")), -EINVAL);
    EXPECT_EQ(connect(fd, local("/idle")), -ECONNREFUSED);
    EXPECT_EQ(bind(fd, local("/idle")), -EADDRINUSE);
    EXPECT_EQ(close(idle), 0);
    EXPECT_EQ(connect(fd, local("/idle")), -ECONNREFUSED);
    EXPECT_EQ(bind(fd, local("/idle")), 0); // a name is free with its socket
    EXPECT_EQ(bind(socket(AF_UNIX, SOCK_STREAM), v4("127.0.0.1", 1)), -EINVAL);
}

TEST_F(simulated_local_socket, a_socket_gets_a_name_when_it_asks_for_any) {
    long const fd = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(bind(fd, local("")), 0);
    EXPECT_EQ(name_of(fd), "unix:@00001");
    EXPECT_EQ(call(SYS_listen, fd, 1), 0);
    EXPECT_EQ(connect(socket(AF_UNIX, SOCK_STREAM), local("\00000001"sv)), 0);
}

TEST_F(simulated_local_socket, a_full_listener_has_to_be_asked_again) {
    long const heard = listener(AF_UNIX, SOCK_STREAM, local("/run/me"), 0);
    EXPECT_EQ(connect(socket(AF_UNIX, SOCK_STREAM), local("/run/me")), 0);
    long const client = socket(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(connect(client, local("/run/me")), -EAGAIN);
    EXPECT_GE(accept(heard), 0);
    EXPECT_EQ(connect(client, local("/run/me")), 0);
}

TEST_F(simulated_local_socket, closing_ends_and_with_unread_bytes_resets) {
    auto [one, two] = pair(SOCK_STREAM);
    EXPECT_EQ(send(one, "bye"), 3);
    EXPECT_EQ(close(one), 0);
    EXPECT_EQ(ready(two), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    EXPECT_EQ(receive(two), "bye");
    EXPECT_EQ(receive(two), "");
    EXPECT_EQ(send(two, "x"), -EPIPE);
    std::tie(one, two) = pair(SOCK_STREAM);
    EXPECT_EQ(send(two, "unread"), 6);
    EXPECT_EQ(close(one), 0);
    EXPECT_EQ(receive(two), error(ECONNRESET));
    EXPECT_EQ(receive(two), "");
}

TEST_F(simulated_local_socket, shutting_one_direction_shuts_it_at_both_ends) {
    auto const [one, two] = pair(SOCK_STREAM);
    EXPECT_EQ(call(SYS_shutdown, one, SHUT_RD), 0);
    EXPECT_EQ(send(two, "x"), -EPIPE);
    EXPECT_EQ(receive(one), "");
    EXPECT_EQ(send(one, "y"), 1);
    EXPECT_EQ(receive(two), "y");
}

TEST_F(simulated_local_socket, records_stay_whole) {
    auto const [one, two] = pair(SOCK_SEQPACKET);
    EXPECT_EQ(send(one, "first"), 5);
    EXPECT_EQ(send(one, ""), 0);
    EXPECT_EQ(send(one, "third"), 5);
    EXPECT_EQ(receive(two, 3, MSG_PEEK), "fir");
    EXPECT_EQ(receive(two, 3), "fir");
    EXPECT_EQ(receive(two), "");
    EXPECT_EQ(receive(two), "third");
    EXPECT_EQ(receive(two), error(EAGAIN));
    EXPECT_EQ(send(one, std::string(300'000, 'x')), -EMSGSIZE);
}

TEST_F(simulated_local_socket, datagrams_find_their_receivers) {
    long const to = socket(AF_UNIX, SOCK_DGRAM), from = socket(AF_UNIX, SOCK_DGRAM);
    EXPECT_EQ(send_to(from, local("/to"), "x"), -ENOENT);
    EXPECT_EQ(bind(to, local("/to")), 0);
    EXPECT_EQ(bind(from, local("\0from"sv)), 0);
    EXPECT_EQ(send(from, "x"), -ENOTCONN);
    EXPECT_EQ(send_to(from, local("/to"), "hello"), 5);
    place sender;
    char text[10];
    EXPECT_EQ(call(SYS_recvfrom, to, text, 10, 0, &sender.bytes, &sender.size), 5);
    EXPECT_EQ(text_of(sender), "unix:@from");
    EXPECT_EQ(connect(to, local("\0from"sv)), 0);
    EXPECT_EQ(send_to(socket(AF_UNIX, SOCK_DGRAM), local("/to"), "x"), -EPERM);
    EXPECT_EQ(close(from), 0);
    EXPECT_EQ(send(to, "x"), -ECONNREFUSED);
    EXPECT_EQ(send(to, "x"), -ENOTCONN);
}

TEST_F(simulated_local_socket, a_receiver_without_room_makes_its_sender_wait) {
    long const to = socket(AF_UNIX, SOCK_DGRAM), from = socket(AF_UNIX, SOCK_DGRAM);
    EXPECT_EQ(bind(to, local("/to")), 0);
    EXPECT_EQ(connect(from, local("/to")), 0);
    for (int i = 0; i < 11; ++i)
        EXPECT_EQ(send(from, "x"), 1);
    EXPECT_EQ(send(from, "x"), -EAGAIN);
    EXPECT_EQ(ready(from), 0u);
    edges of_sender(w, from, EPOLLOUT);
    EXPECT_EQ(receive(to), "x");
    EXPECT_TRUE(of_sender.told());
    EXPECT_EQ(ready(from), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(send(from, "x"), 1);
}

TEST_F(simulated_local_socket, descriptors_cannot_be_sent) {
    auto const [one, two] = pair(SOCK_STREAM);
    alignas(::cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    char text[] = "x";
    ::iovec part{text, 1};
    ::msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    EXPECT_EQ(call(SYS_sendmsg, one, &header, 0), -EOPNOTSUPP);
    EXPECT_EQ(receive(two), error(EAGAIN));
}

class simulated_slow_local_socket : public sockets_fixture {
protected:
    simulated_slow_local_socket() : sockets_fixture(slow, 9) {}
};

TEST_F(simulated_slow_local_socket, datagrams_come_later_but_in_order) {
    auto const [one, two] = pair(SOCK_DGRAM);
    std::string sent, got;
    for (int i = 10; i < 60; ++i) {
        EXPECT_EQ(send(one, std::to_string(i)), 2);
        sent += std::to_string(i);
    }
    EXPECT_EQ(receive(two), error(EAGAIN));
    settle();
    while (waiting_bytes(two) > 0)
        got += receive(two);
    EXPECT_EQ(got, sent);
}

} // namespace
} // namespace rondo::engine::simulation
