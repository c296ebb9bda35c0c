// SPDX-License-Identifier: MIT

// listener: where it listens, what it accepts, and how it ends. Its failures have their own file.

#include <rondo/interop/listener.hpp>

#include <interop/connection_pair.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

bool exists(std::string const& path) {
    return std::filesystem::exists(std::filesystem::symlink_status(path));
}

TEST(listener, has_the_port_that_the_system_chose) {
    for (char const* const network : {"tcp", "tcp4", "tcp6"}) {
        listener server = listener::listen(network, ":0").or_throw("listen");
        endpoint const at = server.local_address().or_throw("address");
        EXPECT_NE(at.port(), 0);
        EXPECT_EQ(at.network(), "tcp");
        EXPECT_EQ(at.family() == AF_INET, std::string_view(network) == "tcp4");
        EXPECT_GE(server.native_handle(), 0);
    }
}

TEST(listener, on_all_addresses_takes_both_versions_of_ip) {
    listener server = listener::listen("tcp", ":0").or_throw("listen");
    std::string const port = std::to_string(server.local_address().or_throw("address").port());
    for (char const* const host : {"127.0.0.1:", "[::1]:"}) {
        connection const here = connection::connect("tcp", host + port).or_throw(host);
        connection const there = server.accept().or_throw("accept");
        EXPECT_EQ(there.local_address().or_throw("address").port(),
                  here.remote_address().or_throw("address").port());
    }
}

TEST(listener, of_one_version_takes_no_other) {
    // The other version's port is free, unless another program happens to have it.
    for (int tries = 0; tries < 20; ++tries) {
        listener six = listener::listen("tcp6", ":0").or_throw("listen");
        std::uint16_t const port = six.local_address().or_throw("address").port();
        unique_fd const four(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        ::sockaddr_in name = loopback(port);
        if (::bind(four.get(), address_of(name), sizeof name) != 0)
            continue;
        RONDO_EXPECT_ERROR(connection::connect("tcp", "127.0.0.1:" + std::to_string(port)),
                           ECONNREFUSED);
        return;
    }
    FAIL() << "it takes the ports of both";
}

TEST(listener, takes_names_of_hosts) {
    listener server = listener::listen("tcp", "localhost:0").or_throw("listen");
    endpoint const at = server.local_address().or_throw("address");
    EXPECT_TRUE(at.host() == "127.0.0.1" || at.host() == "::1") << at.host();
    auto const pair = connected(server);
    EXPECT_TRUE(pair.there.is_open());
}

TEST(listener, gives_each_connection_to_one_of_those_who_accept) {
    listener server = listener::listen("unix", "@").or_throw("listen");
    std::string const name = server.local_address().or_throw("address").to_string();
    constexpr int count = 60;
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            while (auto one = server.accept()) {
                char c = 0;
                EXPECT_EQ(one->read({&c, 1}).or_throw("read"), 1u);
                RONDO_EXPECT_OK(one->write_all({&c, 1}));
                ++accepted;
            }
        });
    for (int i = 0; i < count; ++i) {
        connection here = connection::connect("unix", name).or_throw("connect");
        char c = static_cast<char>(i);
        RONDO_EXPECT_OK(here.write_all({&c, 1}));
        ASSERT_EQ(here.read({&c, 1}).or_throw("read"), 1u);
        EXPECT_EQ(c, static_cast<char>(i));
    }
    while (accepted != count)
        std::this_thread::sleep_for(1ms);
    RONDO_EXPECT_OK(server.close());
    for (std::thread& one : threads)
        one.join();
}

TEST(listener, wakes_who_accepts_when_it_closes) {
    quickly const timed;
    listener server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    auto waiting = in_thread([&] { return server.accept(); });
    RONDO_EXPECT_OK(server.close());
    auto const got = outcome_of(waiting);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ECANCELED);
    EXPECT_EQ(got.error().why(), cause::ended);
}

TEST(listener, has_a_deadline_for_who_accepts) {
    quickly const timed;
    listener server = listener::listen("unix", "@").or_throw("listen");
    auto waiting = in_thread([&] { return server.accept(); });
    RONDO_EXPECT_OK(server.set_deadline(10ms));
    RONDO_EXPECT_ERROR(outcome_of(waiting), ETIME);
    RONDO_EXPECT_ERROR(server.accept(), ETIME);
    RONDO_EXPECT_OK(server.set_deadline({}));
    auto const pair = connected(server);
    EXPECT_TRUE(pair.there.is_open());
}

TEST(listener, cannot_be_used_when_closed) {
    listener server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    RONDO_EXPECT_OK(server.close());
    auto const again = server.close();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), EBADF);
    EXPECT_EQ(again.error().attempted(), attempt::use_closed);
    EXPECT_FALSE(server.is_open());
    RONDO_EXPECT_ERROR(server.accept(), EBADF);
    RONDO_EXPECT_ERROR(server.local_address(), EBADF);
    RONDO_EXPECT_ERROR(server.set_deadline({}), EBADF);
    listener const moved(std::move(server));
    RONDO_EXPECT_ERROR(server.accept(), EBADF);
    RONDO_EXPECT_ERROR(server.close(), EBADF);
}

TEST(listener, can_listen_again_where_its_connections_linger) {
    listener server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    std::string const address = server.local_address().or_throw("address").to_string();
    {
        connection_pair both = connected(server);
        RONDO_EXPECT_OK(both.there.close()); // the one who closes first lingers
    }
    RONDO_EXPECT_OK(server.close());
    RONDO_EXPECT_OK(listener::listen("tcp", address));
}

TEST(listener, shares_a_port_when_both_ask_for_it) {
    listener one = listener::listen("tcp", "127.0.0.1:0", {.reuse_port = true}).or_throw("listen");
    std::string const address = one.local_address().or_throw("address").to_string();
    RONDO_EXPECT_ERROR(listener::listen("tcp", address), EADDRINUSE);
    RONDO_EXPECT_OK(listener::listen("tcp", address, {.reuse_port = true}));
}

TEST(listener, hands_its_options_to_what_it_accepts) {
    listener server = listener::listen("tcp", "127.0.0.1:0", {.no_delay = true, .keep_alive = true})
                          .or_throw("listen");
    auto const pair = connected(server);
    int value = 0;
    ::socklen_t size = sizeof value;
    ASSERT_EQ(::getsockopt(pair.there.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
    EXPECT_EQ(value, 1);
}

TEST(listener, removes_its_socket_file_when_it_closes) {
    temporary_directory directory;
    std::string const path = directory / "socket";
    listener server = listener::listen("unix", path).or_throw("listen");
    EXPECT_TRUE(exists(path));
    RONDO_EXPECT_OK(server.close());
    EXPECT_FALSE(exists(path));
    {
        listener const again = listener::listen("unix", path).or_throw("listen");
        EXPECT_TRUE(exists(path));
    }
    EXPECT_FALSE(exists(path)) << "the destructor closes, too";
}

TEST(listener, leaves_a_socket_file_alone_that_is_not_its_own) {
    temporary_directory directory;
    std::string const path = directory / "socket";
    listener first = listener::listen("unix", path).or_throw("listen");
    ASSERT_EQ(::unlink(path.c_str()), 0);
    listener const second = listener::listen("unix", path).or_throw("listen");
    RONDO_EXPECT_OK(first.close());
    EXPECT_TRUE(exists(path));
    RONDO_EXPECT_OK(connection::connect("unix", path));
}

TEST(listener, chooses_an_abstract_name_by_itself) {
    listener one = listener::listen("unix", "@").or_throw("listen");
    listener other = listener::listen("unix", "@").or_throw("listen");
    std::string const name = one.local_address().or_throw("address").to_string();
    EXPECT_EQ(name.front(), '@');
    EXPECT_GT(name.size(), 1u);
    EXPECT_NE(name, other.local_address().or_throw("address").to_string());
}

TEST(listener, adopts_what_listens_and_nothing_else) {
    unique_fd fd = tcp_listener();
    must(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "fcntl");
    listener server = listener::adopt(std::move(fd)).or_throw("adopt");
    auto waiting = in_thread([&] { return server.accept(); });
    connection const here =
        connection::connect("tcp", server.local_address().or_throw("address").to_string())
            .or_throw("connect");
    RONDO_EXPECT_OK(outcome_of(waiting));
    RONDO_EXPECT_ERROR(listener::adopt(bound_socket(SOCK_STREAM)), EINVAL);
    RONDO_EXPECT_ERROR(listener::adopt(bound_socket(SOCK_DGRAM)), EINVAL);
    temporary_directory directory;
    int const file = ::open((directory / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    RONDO_EXPECT_ERROR(listener::adopt(unique_fd(file)), ENOTSOCK);
    EXPECT_EQ(::fcntl(file, F_GETFD), -1) << "not closed";
}

TEST(listener, moves_as_a_value) {
    std::vector<listener> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(listener::listen("tcp", "127.0.0.1:0").or_throw("listen"));
    for (listener& one : all) {
        auto const pair = connected(one);
        EXPECT_TRUE(pair.there.is_open());
    }
}

} // namespace
} // namespace rondo::test
