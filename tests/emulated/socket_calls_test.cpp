// SPDX-License-Identifier: MIT

#include "socket_attempts.hpp"

#include <rondo/op/command.hpp>
#include <rondo/op/net.hpp>

#include <support/sockets.hpp>

#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

namespace rondo::engine::emulation {
namespace {

/// An abstract unix address that no other test has.
struct unix_name {
    explicit unix_name(char const* what) {
        address.sun_family = AF_UNIX;
        std::string const text = "rondo-" + std::to_string(::getpid()) + what;
        std::memcpy(address.sun_path + 1, text.data(), text.size());
        size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + text.size());
    }
    [[nodiscard]] ::sockaddr* get() { return reinterpret_cast<::sockaddr*>(&address); }

    ::sockaddr_un address{};
    ::socklen_t size;
};

TEST(emulated_socket, is_made_with_its_flags) {
    lone_request r(op::socket<>{.domain = AF_INET, .type = SOCK_DGRAM, .flags = SOCK_NONBLOCK});
    ASSERT_EQ(r.check(), 0);
    unique_fd const made(r.attempt().res);
    ASSERT_TRUE(made);
    EXPECT_TRUE(is_nonblocking(made.get()));
    EXPECT_EQ(::fcntl(made.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(emulated_socket, on_its_way_to_a_slot_is_closed_by_exec) {
    lone_request r(
        op::socket<slot_source>{.domain = AF_INET, .type = SOCK_STREAM, .as = {.index = 3}});
    ASSERT_EQ(r.check(), 0);
    unique_fd const made(r.attempt().res);
    EXPECT_NE(::fcntl(made.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(emulated_socket, refuses_fields_it_has_no_use_for) {
    for (auto const set : {+[](abi::sqe& s) { s.addr = 1; }, +[](abi::sqe& s) { s.rw_flags = 1; },
                           +[](abi::sqe& s) { s.buf_index = 1; }, +[](abi::sqe& s) { s.off |= 64; },
                           +[](abi::sqe& s) { s.off |= SOCK_CLOEXEC, s.file_index = 1; }}) {
        lone_request r(op::socket<>{.domain = AF_INET, .type = SOCK_STREAM, .flags = 0});
        set(r.sqe());
        EXPECT_EQ(r.check(), -EINVAL);
    }
}

TEST(emulated_socket, is_bound_listens_and_is_shut_down) {
    unique_fd const fd(test::must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    ::sockaddr_in a = test::loopback();
    expect_answer(lone_request(op::bind{.fd = fd, .address = test::address_of(a), .size = sizeof a})
                      .attempt(),
                  0);
    expect_answer(lone_request(op::listen{.fd = fd}).attempt(), 0);
    unique_fd const client = test::tcp_client(fd);
    EXPECT_EQ(lone_request(op::shutdown{.fd = fd, .how = 7}).attempt().res, -EINVAL);
    expect_answer(lone_request(op::shutdown{.fd = client}).attempt(), 0);
    EXPECT_EQ(lone_request(op::shutdown{.fd = no_socket()}).attempt().res, -ENOTSOCK);
}

TEST(emulated_bind, of_a_unix_socket_is_for_a_worker) {
    unique_fd const fd(test::must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    unix_name name("bind");
    lone_request r(op::bind{.fd = fd, .address = name.get(), .size = name.size});
    ASSERT_EQ(r.check(), 0);
    EXPECT_EQ(r.attempt().what, kind::work);
    ASSERT_TRUE(r.keep());
    name = unix_name("gone");
    expect_answer(r.attempt_on_worker(), 0);
}

TEST(emulated_bind, refuses_addresses_that_are_none) {
    unique_fd const fd(test::must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    ::sockaddr_in a = test::loopback();
    EXPECT_EQ(lone_request(op::bind{.fd = fd, .address = test::address_of(a), .size = 129}).check(),
              -EINVAL);
    EXPECT_EQ(lone_request(op::bind{.fd = fd, .address = nullptr, .size = 16}).check(), -EFAULT);
}

class emulated_accept : public testing::Test {
protected:
    unique_fd listener_ = test::tcp_listener();
};

TEST_F(emulated_accept, waits_and_leaves_the_listener_as_it_was) {
    lone_request r(op::accept<>{.fd = listener_});
    ASSERT_EQ(r.check(), 0);
    outcome const wait = r.attempt();
    EXPECT_EQ(wait.what, kind::poll);
    unique_fd const client = test::tcp_client(listener_);
    ASSERT_TRUE(r.becomes_ready(wait));
    unique_fd const made(r.attempt().res);
    EXPECT_TRUE(made);
    EXPECT_FALSE(is_nonblocking(listener_.get()));
}

TEST_F(emulated_accept, waits_on_a_nonblocking_listener_too) {
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
    EXPECT_EQ(lone_request(op::accept<>{.fd = listener_}).attempt().what, kind::poll);
    unique_fd const client = test::tcp_client(listener_);
    unique_fd const made(lone_request(op::accept<>{.fd = listener_}).attempt().res);
    EXPECT_TRUE(made);
    EXPECT_TRUE(is_nonblocking(listener_.get()));
}

TEST_F(emulated_accept, says_eagain_when_told_not_to_wait) {
    expect_answer(lone_request(op::accept<>{.fd = listener_, .dont_wait = true}).attempt(),
                  -EAGAIN);
    unique_fd const client = test::tcp_client(listener_);
    lone_request r(op::accept<>{.fd = listener_, .dont_wait = true, .poll_first = true});
    expect_answer(r.attempt(), -EAGAIN);
}

TEST_F(emulated_accept, polls_first_when_told_to) {
    unique_fd const client = test::tcp_client(listener_);
    lone_request r(op::accept<>{.fd = listener_, .poll_first = true});
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    ASSERT_TRUE(r.becomes_ready(wait));
    EXPECT_TRUE(unique_fd(r.attempt().res));
}

TEST_F(emulated_accept, in_a_stream_answers_each_connection_and_then_waits) {
    lone_request r(op::accept_stream<>{.fd = listener_, .flags = SOCK_NONBLOCK});
    ASSERT_EQ(r.check(), 0);
    unique_fd const first = test::tcp_client(listener_);
    unique_fd const second = test::tcp_client(listener_);
    outcome how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.flags, nonempty);
    unique_fd const one(how.res);
    EXPECT_TRUE(is_nonblocking(one.get()));
    how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.flags, 0u);
    unique_fd const other(how.res);
    EXPECT_TRUE(other);
    EXPECT_EQ(r.attempt().what, kind::poll);
}

TEST_F(emulated_accept, in_a_stream_is_not_for_a_worker) {
    unique_fd const client = test::tcp_client(listener_);
    lone_request r(op::accept_stream<>{.fd = listener_});
    EXPECT_EQ(r.attempt_on_worker().what, kind::poll);
    lone_request once(op::accept<>{.fd = listener_});
    EXPECT_TRUE(unique_fd(once.attempt_on_worker().res));
}

TEST_F(emulated_accept, tells_the_peers_address) {
    unique_fd const client = test::tcp_client(listener_);
    ::sockaddr_in peer{};
    ::socklen_t size = sizeof peer;
    lone_request r(op::accept<>{.fd = listener_, .address = test::address_of(peer), .size = &size});
    unique_fd const made(r.attempt().res);
    EXPECT_EQ(size, sizeof peer);
    EXPECT_EQ(peer.sin_port, test::name_of(client).sin_port);
}

TEST_F(emulated_accept, of_what_does_not_listen_fails_at_once) {
    auto const [here, there] = test::unix_pair();
    unique_fd const datagrams = test::bound_socket(SOCK_DGRAM);
    unique_fd const fresh = test::bound_socket(SOCK_STREAM);
    expect_answer(lone_request(op::accept<>{.fd = here}).attempt(), -EINVAL);
    expect_answer(lone_request(op::accept<>{.fd = fresh}).attempt(), -EINVAL);
    expect_answer(lone_request(op::accept<>{.fd = datagrams}).attempt(), -EOPNOTSUPP);
    expect_answer(lone_request(op::accept<>{.fd = no_socket()}).attempt(), -ENOTSOCK);
}

TEST_F(emulated_accept, refuses_what_makes_no_sense) {
    for (auto const set :
         {+[](abi::sqe& s) { s.len = 1; }, +[](abi::sqe& s) { s.ioprio = 8; },
          +[](abi::sqe& s) { s.accept_flags = 1; }, +[](abi::sqe& s) { s.buf_index = 1; },
          +[](abi::sqe& s) { s.ioprio = 1, s.file_index = 1, s.accept_flags = 0; }}) {
        lone_request r(op::accept<>{.fd = listener_});
        set(r.sqe());
        EXPECT_EQ(r.check(), -EINVAL);
    }
}

TEST(emulated_connect, is_made_and_leaves_the_socket_blocking) {
    unique_fd const listener = test::tcp_listener();
    ::sockaddr_in a = test::name_of(listener);
    unique_fd const fd(test::must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    op::connect const o{.fd = fd, .address = test::address_of(a), .size = sizeof a};
    lone_request r(o);
    ASSERT_EQ(r.check(), 0);
    outcome how = r.attempt();
    ASSERT_TRUE(r.keep());
    a = {};
    while (how.what == kind::poll) {
        ASSERT_TRUE(r.becomes_ready(how));
        how = r.attempt();
    }
    expect_answer(how, 0);
    EXPECT_FALSE(is_nonblocking(fd.get()));
    a = test::name_of(listener);
    expect_answer(lone_request(o).attempt(), -EISCONN);
}

TEST(emulated_connect, is_refused_where_nobody_listens) {
    ::sockaddr_in a = test::name_of(test::tcp_listener());
    unique_fd const fd(test::must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    lone_request r(op::connect{.fd = fd, .address = test::address_of(a), .size = sizeof a});
    outcome how = r.attempt();
    while (how.what == kind::poll) {
        ASSERT_TRUE(r.becomes_ready(how));
        how = r.attempt();
    }
    expect_answer(how, -ECONNREFUSED);
    EXPECT_EQ(lone_request(op::connect{.fd = fd, .address = nullptr, .size = 16}).check(), -EFAULT);
}

TEST(emulated_connect, to_a_full_unix_listener_is_for_a_worker) {
    unique_fd const listener(
        test::must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    unix_name name("full");
    test::must(::bind(listener.get(), name.get(), name.size), "bind");
    test::must(::listen(listener.get(), 0), "listen");
    auto const fresh = [](int flags) {
        return unique_fd(test::must(::socket(AF_UNIX, SOCK_STREAM | flags, 0), "socket"));
    };
    unique_fd const first = fresh(0), second = fresh(0), nonblocking = fresh(SOCK_NONBLOCK);
    auto const to = [&](unique_fd const& fd) {
        return op::connect{.fd = fd, .address = name.get(), .size = name.size};
    };
    expect_answer(lone_request(to(first)).attempt(), 0);
    expect_answer(lone_request(to(nonblocking)).attempt(), -EAGAIN);
    lone_request r(to(second));
    EXPECT_EQ(r.attempt().what, kind::work);
    ASSERT_TRUE(r.keep());
    outcome how;
    std::thread worker([&] { how = r.attempt_on_worker(); });
    unique_fd const accepted(::accept(listener.get(), nullptr, nullptr));
    worker.join();
    expect_answer(how, 0);
}

TEST(emulated_command, tells_and_sets_what_a_socket_knows) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    ::pollfd set{here.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&set, 1, 5000), 1);
    expect_answer(lone_request(op::siocinq{.fd = here}).attempt(), 5);
    expect_answer(lone_request(op::siocoutq{.fd = here}).attempt(), 0);
    int type = 0;
    mutable_bytes const out(reinterpret_cast<std::byte*>(&type), sizeof type);
    expect_answer(lone_request(op::getsockopt{
                                   .fd = here, .level = SOL_SOCKET, .option = SO_TYPE, .into = out})
                      .attempt(),
                  sizeof type);
    EXPECT_EQ(type, SOCK_STREAM);
    int const on = 1;
    const_bytes const in(reinterpret_cast<std::byte const*>(&on), sizeof on);
    expect_answer(
        lone_request(
            op::setsockopt{.fd = here, .level = SOL_SOCKET, .option = SO_KEEPALIVE, .from = in})
            .attempt(),
        0);
    ::sockaddr_in name{};
    ::socklen_t size = sizeof name;
    expect_answer(lone_request(op::getsockname{.fd = here,
                                               .address = test::address_of(name),
                                               .size = &size,
                                               .peer = true})
                      .attempt(),
                  0);
    EXPECT_EQ(name.sin_port, test::name_of(there).sin_port);
}

TEST(emulated_command, is_unknown_to_other_files_and_sockets) {
    auto const [here, there] = test::unix_pair();
    expect_answer(lone_request(op::siocinq{.fd = here}).attempt(), -EOPNOTSUPP);
    expect_answer(lone_request(op::siocinq{.fd = no_socket()}).attempt(), -EOPNOTSUPP);
    lone_request r(op::siocinq{.fd = here});
    r.sqe().cmd_op = 77;
    expect_answer(r.attempt(), -EOPNOTSUPP);
    r.sqe().pad1 = 1;
    EXPECT_EQ(r.check(), -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
