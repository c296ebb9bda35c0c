// SPDX-License-Identifier: MIT
#include <rondo/interop/endpoint.hpp>

#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace rondo::test {
namespace {

template <class Address>
endpoint of(Address const& a, network_kind network, ::socklen_t size = sizeof(Address)) {
    return endpoint::from(reinterpret_cast<::sockaddr const*>(&a), size, network)
        .or_throw("endpoint");
}

::sockaddr_in6 six(char const* host, ::in_port_t port, std::uint32_t scope = 0) {
    ::sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(port);
    out.sin6_scope_id = scope;
    EXPECT_EQ(::inet_pton(AF_INET6, host, &out.sin6_addr), 1);
    return out;
}

TEST(network_kind, has_seven_names_there_and_back) {
    for (char const* const name : {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix"})
        EXPECT_EQ(name_of(parse_network(name).or_throw(name)), name);
    for (char const* const name : {"", "TCP", "tcp ", "ip", "unixgram", "tcp46"}) {
        auto const none = parse_network(name);
        ASSERT_FALSE(none) << name;
        EXPECT_EQ(none.error().why(), cause::unknown_network);
    }
}

TEST(endpoint, writes_addresses_as_they_are_read) {
    endpoint const four = of(loopback(8080), network_kind::tcp4);
    EXPECT_EQ(four.to_string(), "127.0.0.1:8080");
    EXPECT_EQ(four.host(), "127.0.0.1");
    EXPECT_EQ(four.port(), 8080);
    EXPECT_EQ(four.network(), "tcp");
    EXPECT_EQ(four.family(), AF_INET);

    endpoint const colons = of(six("::1", 80), network_kind::udp6);
    EXPECT_EQ(colons.to_string(), "[::1]:80");
    EXPECT_EQ(colons.host(), "::1");
    EXPECT_EQ(colons.network(), "udp");

    endpoint const with_zone = of(six("fe80::1", 80, 1), network_kind::tcp);
    EXPECT_EQ(with_zone.to_string(), "[fe80::1%lo]:80");
    EXPECT_EQ(of(six("fe80::1", 80, 0x7fff'0000), network_kind::tcp).host(), "fe80::1%2147418112");

    EXPECT_EQ(endpoint::from_path("/run/x").or_throw("path").to_string(), "/run/x");
    EXPECT_EQ(endpoint::from_path("@x").or_throw("path").to_string(), "@x");
    EXPECT_EQ(endpoint().to_string(), "");
}

TEST(endpoint, tells_equal_addresses) {
    EXPECT_EQ(of(loopback(80), network_kind::tcp), of(loopback(80), network_kind::tcp4));
    EXPECT_NE(of(loopback(80), network_kind::tcp), of(loopback(81), network_kind::tcp));
    EXPECT_NE(of(loopback(80), network_kind::tcp), of(loopback(80), network_kind::udp));
    EXPECT_NE(of(six("::1", 80), network_kind::tcp), of(six("::2", 80), network_kind::tcp));
    EXPECT_NE(of(six("fe80::1", 1, 1), network_kind::tcp),
              of(six("fe80::1", 1, 2), network_kind::tcp));
    EXPECT_EQ(endpoint::from_path("a").or_throw("a"), endpoint::from_path("a").or_throw("a"));
    EXPECT_NE(endpoint::from_path("@a").or_throw("a"), endpoint::from_path("a").or_throw("a"));
    EXPECT_EQ(endpoint(), endpoint());
}

TEST(endpoint, takes_paths_of_107_bytes_and_no_longer) {
    EXPECT_EQ(endpoint::longest_path, 107u);
    std::string const longest(107, 'x');
    endpoint const path = endpoint::from_path(longest).or_throw("path");
    EXPECT_EQ(path.to_string(), longest);
    EXPECT_EQ(path.size(), sizeof(::sockaddr_un));
    EXPECT_TRUE(path.has_path());
    endpoint const abstract = endpoint::from_path("@" + longest).or_throw("name");
    EXPECT_EQ(abstract.to_string(), "@" + longest);
    EXPECT_FALSE(abstract.has_path());
    auto const too_long = endpoint::from_path(longest + "x");
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error(), ENAMETOOLONG);
    EXPECT_EQ(too_long.error().why(), cause::long_path);
    EXPECT_EQ(too_long.error().detail(), 108u);
    RONDO_EXPECT_ERROR(endpoint::from_path("@" + longest + "x"), ENAMETOOLONG);
    RONDO_EXPECT_ERROR(endpoint::from_path(""), EINVAL);
    RONDO_EXPECT_ERROR(endpoint::from_path(std::string_view("a\0b", 3)), EINVAL);
}

TEST(endpoint, reads_unix_addresses_however_they_end) {
    ::sockaddr_un a{};
    a.sun_family = AF_UNIX;
    constexpr ::socklen_t head = offsetof(::sockaddr_un, sun_path);
    EXPECT_EQ(of(a, network_kind::local, head).to_string(), "");
    std::memcpy(a.sun_path, "abc", 3);
    EXPECT_EQ(of(a, network_kind::local, head + 3).to_string(), "abc"); // no null byte
    EXPECT_EQ(of(a, network_kind::local, head + 4).to_string(), "abc");
    EXPECT_EQ(of(a, network_kind::local).to_string(), "abc");
    std::memcpy(a.sun_path, "\0b\0d", 4);
    EXPECT_EQ(of(a, network_kind::local, head + 4).to_string(), "@b@d");
    std::memset(a.sun_path, 'x', sizeof a.sun_path);
    EXPECT_EQ(of(a, network_kind::local).to_string(), std::string(108, 'x'));
}

TEST(endpoint, refuses_what_is_no_address) {
    ::sockaddr_in a = loopback(80);
    RONDO_EXPECT_ERROR(endpoint::from(address_of(a), sizeof a - 1, network_kind::tcp), EINVAL);
    RONDO_EXPECT_ERROR(endpoint::from(address_of(a), 1, network_kind::tcp), EINVAL);
    RONDO_EXPECT_ERROR(endpoint::from(address_of(a), 1000, network_kind::tcp), EINVAL);
    a.sin_family = AF_PACKET;
    RONDO_EXPECT_ERROR(endpoint::from(address_of(a), sizeof a, network_kind::tcp), EAFNOSUPPORT);
}

} // namespace
} // namespace rondo::test
