// SPDX-License-Identifier: MIT
#include <rondo/interop/socket_options.hpp>

#include <support/child.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sched.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

int option(unique_fd const& fd, int level, int name) {
    int value = -1;
    ::socklen_t size = sizeof value;
    must(::getsockopt(fd.get(), level, name, &value, &size), "getsockopt");
    return value;
}

unique_fd fresh(int family, int type) {
    return unique_fd(must(::socket(family, type | SOCK_CLOEXEC, 0), "socket"));
}

TEST(socket_options, are_all_set_on_the_socket) {
    unique_fd const fd = fresh(AF_INET, SOCK_STREAM);
    socket_options const all{.reuse_address = true,
                             .reuse_port = true,
                             .fast_open = 7,
                             .no_delay = true,
                             .keep_alive = true,
                             .keep_alive_idle = 70s,
                             .keep_alive_interval = 8s,
                             .keep_alive_count = 5,
                             .receive_buffer = 30'000,
                             .send_buffer = 40'000};
    RONDO_EXPECT_OK(apply_options(fd.get(), all, network_kind::tcp, socket_role::listens));
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_REUSEPORT), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_FASTOPEN), 7);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 70);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 8);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 60'000) << "the system doubles it";
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_SNDBUF), 80'000);
}

TEST(socket_options, leave_the_socket_as_it_is_where_they_say_nothing) {
    for (socket_role const role : {socket_role::listens, socket_role::connects}) {
        unique_fd const fd = fresh(AF_INET, SOCK_STREAM);
        unique_fd const other = fresh(AF_INET, SOCK_STREAM);
        RONDO_EXPECT_OK(apply_options(fd.get(), {}, network_kind::tcp, role));
        EXPECT_EQ(option(fd, SOL_SOCKET, SO_REUSEADDR), role == socket_role::listens ? 1 : 0);
        for (int const name : {SO_REUSEPORT, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF})
            EXPECT_EQ(option(fd, SOL_SOCKET, name), option(other, SOL_SOCKET, name));
        for (int const name : {TCP_NODELAY, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_KEEPIDLE})
            EXPECT_EQ(option(fd, IPPROTO_TCP, name), option(other, IPPROTO_TCP, name));
    }
    unique_fd const fd = fresh(AF_INET, SOCK_STREAM);
    RONDO_EXPECT_OK(
        apply_options(fd.get(), {.reuse_address = false}, network_kind::tcp, socket_role::listens));
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_REUSEADDR), 0);
}

TEST(socket_options, can_be_set_by_name) {
    socket_options o;
    RONDO_EXPECT_OK(o.set("reuse_address", 0));
    RONDO_EXPECT_OK(o.set("reuse_port", 1));
    RONDO_EXPECT_OK(o.set("fast_open", 2));
    RONDO_EXPECT_OK(o.set("no_delay", 1));
    RONDO_EXPECT_OK(o.set("keep_alive", 1));
    RONDO_EXPECT_OK(o.set("keep_alive_idle", 3));
    RONDO_EXPECT_OK(o.set("keep_alive_interval", 4));
    RONDO_EXPECT_OK(o.set("keep_alive_count", 5));
    RONDO_EXPECT_OK(o.set("receive_buffer", 6));
    RONDO_EXPECT_OK(o.set("send_buffer", 7));
    RONDO_EXPECT_OK(o.set("backlog", 8));
    RONDO_EXPECT_OK(o.set("remove_stale", 1));
    EXPECT_EQ(o.reuse_address, false);
    EXPECT_TRUE(o.reuse_port);
    EXPECT_EQ(o.fast_open, 2);
    EXPECT_TRUE(o.no_delay);
    EXPECT_TRUE(o.keep_alive);
    EXPECT_EQ(o.keep_alive_idle, 3s);
    EXPECT_EQ(o.keep_alive_interval, 4s);
    EXPECT_EQ(o.keep_alive_count, 5);
    EXPECT_EQ(o.receive_buffer, 6);
    EXPECT_EQ(o.send_buffer, 7);
    EXPECT_EQ(o.backlog, 8);
    EXPECT_TRUE(o.remove_stale);
}

/// The failure says what it is about.
void expect_named(result<> const& outcome, cause why, int code, std::string const& name) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), code);
    EXPECT_EQ(outcome.error().why(), why);
    EXPECT_NE(std::string_view(outcome.error().message()).find('"' + name + '"'),
              std::string_view::npos)
        << outcome.error().message().c_str();
}

TEST(socket_options, that_are_unknown_are_errors_that_name_them) {
    socket_options o;
    expect_named(o.set("reuseport", 1), cause::unknown_option, EINVAL, "reuseport");
    expect_named(o.set("", 1), cause::unknown_option, EINVAL, "");
    expect_named(o.set("no_such_option", 1), cause::unknown_option, EINVAL, "no_such_op...");
}

TEST(socket_options, out_of_range_are_errors_that_name_them) {
    socket_options o;
    expect_named(o.set("no_delay", 2), cause::option_value, EINVAL, "no_delay");
    expect_named(o.set("reuse_port", -1), cause::option_value, EINVAL, "reuse_port");
    expect_named(o.set("backlog", -1), cause::option_value, EINVAL, "backlog");
    expect_named(o.set("fast_open", 1ll << 31), cause::option_value, EINVAL, "fast_open");
    unique_fd const fd = fresh(AF_INET, SOCK_STREAM);
    o.keep_alive_idle = -1s;
    expect_named(apply_options(fd.get(), o, network_kind::tcp, socket_role::connects),
                 cause::option_value, EINVAL, "keep_alive...");
}

TEST(socket_options, that_the_system_refuses_are_errors_that_name_them) {
    unique_fd const tcp = fresh(AF_INET, SOCK_STREAM);
    expect_named(apply_options(tcp.get(), {.keep_alive_idle = 100'000s}, network_kind::tcp,
                               socket_role::connects),
                 cause::option_refused, EINVAL, "keep_alive...");
    unique_fd const udp = fresh(AF_INET, SOCK_DGRAM);
    expect_named(apply_options(udp.get(), {.no_delay = true}, network_kind::udp,
                               socket_role::exchanges_datagrams),
                 cause::option_refused, ENOPROTOOPT, "no_delay");
    // The system would take it, and do nothing.
    expect_named(apply_options(udp.get(), {.keep_alive = true}, network_kind::udp,
                               socket_role::exchanges_datagrams),
                 cause::option_refused, ENOPROTOOPT, "keep_alive");
    unique_fd const local = fresh(AF_UNIX, SOCK_STREAM);
    expect_named(
        apply_options(local.get(), {.fast_open = 1}, network_kind::local, socket_role::listens),
        cause::option_refused, ENOPROTOOPT, "fast_open");
}

TEST(fast_open_allowed, says_what_the_system_says_now) {
    int bits = -1;
    std::ifstream("/proc/sys/net/ipv4/tcp_fastopen") >> bits;
    ASSERT_NE(bits, -1);
    auto const allowed = fast_open_allowed().or_throw("fast_open_allowed");
    EXPECT_EQ(allowed.connecting, (bits & 1) != 0);
    EXPECT_EQ(allowed.listening, (bits & 2) != 0);
}

TEST(fast_open_allowed, follows_the_right_file) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root has network namespaces of its own";
    child_end const end = in_child([] {
        // A namespace of this child's own, so that nobody else's connections change.
        must(::unshare(CLONE_NEWNET), "unshare");
        for (int const bits : {0, 1, 2, 3}) {
            std::ofstream("/proc/sys/net/ipv4/tcp_fastopen") << bits << std::flush;
            auto const allowed = fast_open_allowed().or_throw("fast_open_allowed");
            EXPECT_EQ(allowed.connecting, (bits & 1) != 0);
            EXPECT_EQ(allowed.listening, (bits & 2) != 0);
            unique_fd const fd = fresh(AF_INET, SOCK_STREAM);
            result<> const set =
                apply_options(fd.get(), {.fast_open = 1}, network_kind::tcp, socket_role::connects);
            EXPECT_EQ(set.has_value(), allowed.connecting);
        }
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo::test
