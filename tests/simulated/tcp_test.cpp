// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

#include <netinet/tcp.h>

namespace rondo::engine::simulation {
namespace {

class simulated_tcp : public sockets_fixture {};

TEST_F(simulated_tcp, a_connection_is_made_between_two_addresses) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    EXPECT_EQ(accept(heard), -EAGAIN);
    EXPECT_EQ(ready(heard), 0u);
    long const client = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(ready(client), EPOLLOUT | EPOLLHUP);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(ready(client), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), 0); // tells that it is done, once
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EISCONN);
    EXPECT_EQ(ready(heard), std::uint32_t{EPOLLIN});
    place from;
    long const server = keep(call(SYS_accept4, heard, &from.bytes, &from.size, 0));
    EXPECT_EQ(text_of(from), "127.0.0.1:32768");
    EXPECT_EQ(name_of(server), "127.0.0.1:80");
    EXPECT_EQ(name_of(server, SYS_getpeername), "127.0.0.1:32768");
    EXPECT_EQ(name_of(client), "127.0.0.1:32768");
    EXPECT_EQ(name_of(client, SYS_getpeername), "127.0.0.1:80");
    EXPECT_EQ(send(client, "hello"), 5);
    EXPECT_EQ(receive(server, 3, MSG_PEEK), "hel");
    EXPECT_EQ(receive(server), "hello");
    EXPECT_EQ(receive(server), error(EAGAIN));
}

TEST_F(simulated_tcp, a_connection_that_nobody_hears_is_refused) {
    long const client = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 9)), -EINPROGRESS);
    EXPECT_EQ(ready(client), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
    EXPECT_EQ(option(client, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    EXPECT_EQ(option(client, SOL_SOCKET, SO_ERROR), 0);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 9)), -ECONNABORTED);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 9)), -EINPROGRESS);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 9)), -ECONNREFUSED);
}

TEST_F(simulated_tcp, only_the_loopback_is_there) {
    long const fd = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(bind(fd, v4("192.0.2.1", 80)), -EADDRNOTAVAIL);
    EXPECT_EQ(connect(fd, v4("192.0.2.1", 80)), -ENETUNREACH);
    EXPECT_EQ(connect(fd, v6("::1", 80)), -EAFNOSUPPORT);
    EXPECT_EQ(bind(fd, v4("127.1.2.3", 80)), 0);
    EXPECT_EQ(bind(fd, v4("127.1.2.3", 81)), -EINVAL);
}

TEST_F(simulated_tcp, addresses_in_use_are_not_for_others) {
    long const first = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    long const second = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(bind(second, v4("0.0.0.0", 80)), -EADDRINUSE);
    EXPECT_EQ(bind(second, v4("127.0.0.2", 80)), 0);
    long const third = socket(AF_INET, SOCK_STREAM);
    set(third, SOL_SOCKET, SO_REUSEADDR, 1);
    EXPECT_EQ(bind(third, v4("127.0.0.1", 80)), -EADDRINUSE); // somebody listens
    EXPECT_EQ(close(first), 0);
    EXPECT_EQ(bind(third, v4("127.0.0.1", 80)), 0);
}

TEST_F(simulated_tcp, two_listeners_share_a_port_if_both_want_to) {
    long listeners[2];
    for (long& one : listeners) {
        one = socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(set(one, SOL_SOCKET, SO_REUSEPORT, 1), 0);
        EXPECT_EQ(bind(one, v4("127.0.0.1", 80)), 0);
        EXPECT_EQ(call(SYS_listen, one, 100), 0);
    }
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(connect(socket(AF_INET, SOCK_STREAM), v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(ready(listeners[0]), std::uint32_t{EPOLLIN});
    EXPECT_EQ(ready(listeners[1]), std::uint32_t{EPOLLIN});
}

TEST_F(simulated_tcp, a_listener_of_ipv6_hears_ipv4_unless_it_does_not_want_to) {
    long const both = listener(AF_INET6, SOCK_STREAM, v6("::", 80));
    long const only = socket(AF_INET6, SOCK_STREAM);
    EXPECT_EQ(set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
    EXPECT_EQ(bind(only, v6("::", 81)), 0);
    EXPECT_EQ(set(only, IPPROTO_IPV6, IPV6_V6ONLY, 0), -EINVAL);
    EXPECT_EQ(call(SYS_listen, only, 1), 0);
    long const client = socket(AF_INET, SOCK_STREAM), other = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(name_of(accept(both), SYS_getpeername), "[::ffff:127.0.0.1]:32768");
    EXPECT_EQ(connect(other, v4("127.0.0.1", 81)), -EINPROGRESS);
    EXPECT_EQ(option(other, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    long const third = socket(AF_INET6, SOCK_STREAM);
    EXPECT_EQ(connect(third, v6("::1", 81)), -EINPROGRESS);
    EXPECT_EQ(name_of(accept(only), SYS_getpeername), name_of(third));
}

TEST_F(simulated_tcp, the_end_of_one_direction_leaves_the_other_open) {
    auto const [client, server] = tcp_pair();
    EXPECT_EQ(send(client, "last"), 4);
    EXPECT_EQ(call(SYS_shutdown, client, SHUT_WR), 0);
    EXPECT_EQ(ready(server), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    EXPECT_EQ(receive(server), "last");
    EXPECT_EQ(receive(server), "");
    EXPECT_EQ(send(client, "x"), -EPIPE);
    EXPECT_EQ(send(server, "answer"), 6);
    EXPECT_EQ(receive(client), "answer");
    EXPECT_EQ(call(SYS_shutdown, server, SHUT_WR), 0);
    EXPECT_EQ(ready(client), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    EXPECT_EQ(call(SYS_shutdown, client, SHUT_RD), -ENOTCONN);
    EXPECT_EQ(call(SYS_shutdown, client, 3), -EINVAL);
}

TEST_F(simulated_tcp, closing_with_unread_bytes_resets) {
    auto const [client, server] = tcp_pair();
    EXPECT_EQ(send(client, "nobody reads this"), 17);
    EXPECT_EQ(send(server, "this still comes"), 16);
    EXPECT_EQ(close(server), 0);
    EXPECT_EQ(ready(client), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
    EXPECT_EQ(receive(client), "this still comes");
    EXPECT_EQ(receive(client), error(ECONNRESET));
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(send(client, "x"), -EPIPE);
    EXPECT_EQ(name_of(client, SYS_getpeername), error(ENOTCONN));
}

TEST_F(simulated_tcp, sending_to_who_is_gone_succeeds_once) {
    auto const [client, server] = tcp_pair();
    EXPECT_EQ(close(server), 0);
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(send(client, "x"), 1);
    EXPECT_EQ(option(client, SOL_SOCKET, SO_ERROR), EPIPE);
    EXPECT_EQ(send(client, "x"), -EPIPE);
}

TEST_F(simulated_tcp, a_linger_of_no_time_resets) {
    auto const [client, server] = tcp_pair();
    ::linger const how{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(call(SYS_setsockopt, server, SOL_SOCKET, SO_LINGER, &how, sizeof how), 0);
    EXPECT_EQ(close(server), 0);
    EXPECT_EQ(receive(client), error(ECONNRESET));
}

TEST_F(simulated_tcp, a_full_connection_takes_no_more_until_a_third_is_read) {
    auto const [client, server] = tcp_pair();
    std::string const much(100'000, 'x');
    std::size_t sent = 0;
    for (long done = 0; (done = send(client, much)) > 0;)
        sent += static_cast<std::size_t>(done);
    EXPECT_EQ(sent, 256u * 1024);
    EXPECT_EQ(send(client, "x"), -EAGAIN);
    EXPECT_EQ(ready(client), 0u);
    std::size_t got = receive(server, 50'000).size();
    EXPECT_EQ(ready(client), 0u);
    got += receive(server, 50'000).size();
    EXPECT_EQ(ready(client), std::uint32_t{EPOLLOUT});
    for (std::size_t more = 1; more != 0; got += more)
        more = waiting_bytes(server) > 0 ? receive(server, 50'000).size() : 0;
    EXPECT_EQ(got, sent);
}

TEST_F(simulated_tcp, whoever_watches_is_told_of_each_change) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    edges of_listener(w, heard, EPOLLIN);
    long const client = socket(AF_INET, SOCK_STREAM);
    edges of_client(w, client, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_TRUE(of_client.told());
    EXPECT_TRUE(of_listener.told());
    long const server = accept(heard);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(send(server, "x"), 1);
        EXPECT_TRUE(of_client.told());
        EXPECT_FALSE(of_client.told());
    }
    while (send(client, std::string(1 << 20, 'x')) > 0)
        continue;
    EXPECT_FALSE(of_client.told());
    EXPECT_EQ(receive(server, 100'000).size(), 100'000u);
    EXPECT_TRUE(of_client.told());
    EXPECT_EQ(call(SYS_shutdown, server, SHUT_WR), 0);
    EXPECT_TRUE(of_client.told());
    EXPECT_EQ(close(server), 0);
    EXPECT_TRUE(of_client.told());
}

TEST_F(simulated_tcp, connections_that_nobody_accepted_are_reset_with_the_listener) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    long const client = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), 0);
    EXPECT_EQ(close(heard), 0);
    EXPECT_EQ(receive(client), error(ECONNRESET));
}

TEST_F(simulated_tcp, a_full_listener_is_asked_again_later) {
    place const at = v4("127.0.0.1", 80);
    long const heard = listener(AF_INET, SOCK_STREAM, at, 0);
    long const first = socket(AF_INET, SOCK_STREAM), second = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(first, at), -EINPROGRESS);
    EXPECT_EQ(connect(second, at), -EINPROGRESS);
    EXPECT_EQ(ready(second), 0u);
    EXPECT_EQ(connect(second, at), -EALREADY);
    EXPECT_EQ(send(second, "x"), -EAGAIN);
    EXPECT_GE(accept(heard), 0);
    EXPECT_EQ(accept(heard), -EAGAIN);
    w.pass(1'000'000'000);
    EXPECT_EQ(ready(second), std::uint32_t{EPOLLOUT});
    EXPECT_GE(accept(heard), 0);
    long const third = socket(AF_INET, SOCK_STREAM), fourth = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(third, at), -EINPROGRESS);
    EXPECT_EQ(connect(fourth, at), -EINPROGRESS);
    w.pass(64'000'000'000);
    EXPECT_EQ(option(fourth, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

TEST_F(simulated_tcp, what_is_not_connected_neither_sends_nor_receives) {
    long const fd = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(send(fd, "x"), -EPIPE);
    EXPECT_EQ(receive(fd), error(ENOTCONN));
    EXPECT_EQ(accept(fd), -EINVAL);
    EXPECT_EQ(call(SYS_shutdown, fd, SHUT_RD), -ENOTCONN);
    EXPECT_EQ(name_of(fd, SYS_getpeername), error(ENOTCONN));
    EXPECT_EQ(send(pipe().second, "x"), -ENOTSOCK);
    EXPECT_EQ(send(-1, "x"), -EBADF);
}

TEST_F(simulated_tcp, a_receive_can_throw_bytes_away) {
    auto const [client, server] = tcp_pair();
    EXPECT_EQ(send(client, "abcdef"), 6);
    EXPECT_EQ(receive(server, 4, MSG_TRUNC), "????");
    EXPECT_EQ(receive(server), "ef");
    EXPECT_EQ(send(client, "x", MSG_OOB), -EOPNOTSUPP);
    EXPECT_EQ(receive(server, 1, MSG_OOB), error(EINVAL));
}

class simulated_slow_tcp : public sockets_fixture {
protected:
    simulated_slow_tcp() : sockets_fixture({.short_count = 0.3, .net_ns = 1'000'000}, 42) {}
};

TEST_F(simulated_slow_tcp, takes_time_to_connect_and_nothing_is_ready_meanwhile) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80));
    long const client = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(ready(client), 0u);
    EXPECT_EQ(ready(heard), 0u);
    EXPECT_EQ(receive(client), error(EAGAIN));
    settle();
    EXPECT_EQ(ready(client), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(ready(heard), std::uint32_t{EPOLLIN});
}

TEST_F(simulated_slow_tcp, bytes_come_later_in_order_and_the_end_after_them) {
    auto const [client, server] = tcp_pair();
    std::string sent, got;
    for (int i = 0; i < 200; ++i) {
        std::string const text = "message " + std::to_string(i) + "\n";
        long const done = send(client, text);
        ASSERT_GT(done, 0);
        sent.append(text, 0, static_cast<std::size_t>(done));
    }
    EXPECT_EQ(receive(server), error(EAGAIN));
    EXPECT_EQ(close(client), 0);
    bool waited = false;
    for (int i = 0; i < 10'000; ++i) {
        std::string const more = receive(server, 50);
        if (more.empty())
            break;
        if (more == error(EAGAIN)) {
            waited = true;
            ASSERT_TRUE(w.run_next(-1));
        } else {
            got += more;
        }
    }
    EXPECT_TRUE(waited);
    EXPECT_EQ(got, sent);
    EXPECT_EQ(receive(server), "");
}

TEST_F(simulated_slow_tcp, a_socket_that_was_closed_while_it_connected_is_forgotten) {
    long const heard = listener(AF_INET, SOCK_STREAM, v4("127.0.0.1", 80), 0);
    for (int i = 0; i < 50; ++i) {
        long const client = socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(connect(client, v4("127.0.0.1", 80)), -EINPROGRESS);
        w.pass(i * 50'000);
        EXPECT_EQ(close(client), 0);
        settle();
        for (long one = 0; (one = accept(heard)) >= 0;)
            EXPECT_EQ(receive(one), "");
    }
    long const last = socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(connect(last, v4("127.0.0.1", 80)), -EINPROGRESS);
    settle();
    EXPECT_GE(accept(heard), 0); // nothing that was forgotten counts against the backlog
}

TEST_F(simulated_slow_tcp, a_world_may_end_while_much_is_on_its_way) {
    auto const [client, server] = tcp_pair();
    EXPECT_GT(send(client, "to nobody"), 0);
    EXPECT_GT(send(server, "to nobody"), 0);
    EXPECT_EQ(connect(socket(AF_INET, SOCK_STREAM), v4("127.0.0.1", 9)), -EINPROGRESS);
    EXPECT_TRUE(w.run_next(-1));
}

/// The digest of a run in which two sockets talk.
std::uint64_t digest_of(std::uint64_t seed) {
    struct talk : sockets_fixture {
        explicit talk(std::uint64_t number) : sockets_fixture(slow, number) {}
        void TestBody() override {
            auto const [client, server] = tcp_pair();
            for (int i = 0; i < 20; ++i) {
                send(client, "ping");
                send(server, "pong");
                w.run_next(-1);
            }
            settle();
        }
        std::uint64_t digest() { return w.log().digest(); }
    } run(seed);
    run.TestBody();
    return run.digest();
}

TEST(simulated_network, does_the_same_for_the_same_seed) {
    EXPECT_EQ(digest_of(5), digest_of(5));
    EXPECT_NE(digest_of(5), digest_of(6));
}

} // namespace
} // namespace rondo::engine::simulation
