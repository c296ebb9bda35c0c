// SPDX-License-Identifier: MIT
#include <rondo/interop/address.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <netdb.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rondo::test {
namespace {

std::vector<std::string> texts(result<std::vector<endpoint>> const& all) {
    std::vector<std::string> out;
    if (!all) {
        ADD_FAILURE() << all.error().message().c_str();
        return out;
    }
    for (endpoint const& e : *all)
        out.push_back(e.to_string());
    return out;
}

bool has(std::vector<std::string> const& all, std::string const& one) {
    return std::ranges::find(all, one) != all.end();
}

struct split_case {
    char const* text;
    char const* host;
    char const* port;
};

TEST(address, splits_into_host_and_port) {
    constexpr split_case cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", "8080"},
        {"[::1]:0", "::1", "0"},
        {":0", "", "0"},
        {"localhost:http", "localhost", "http"},
        {"[fe80::1%lo]:65535", "fe80::1%lo", "65535"},
    };
    for (split_case const& one : cases) {
        auto const parts = split_address(one.text);
        ASSERT_TRUE(parts) << one.text;
        EXPECT_EQ(parts->host, one.host);
        EXPECT_EQ(parts->port, one.port);
    }
}

struct bad_case {
    std::string_view text;
    std::uint64_t at; ///< where it stops making sense
};

TEST(address, says_where_it_makes_no_sense) {
    constexpr bad_case cases[] = {
        {"", 0},        {"127.0.0.1", 9},    {"127.0.0.1:", 10},
        {"::1:80", 0},  {"a:b:80", 1},       {"[::1]", 4 + 1},
        {"[::1:80", 7}, {"[::1]80", 5},      {"[::1]x:80", 5},
        {"[]:80", 1},   {"a]:80", 1},        {"[a[]:80", 2},
        {":65536", 1},  {":99999999999", 1}, {std::string_view("a\0b:1", 5), 1},
    };
    for (bad_case const& one : cases) {
        auto const parts = split_address(one.text);
        ASSERT_FALSE(parts) << one.text;
        EXPECT_EQ(parts.error(), EINVAL) << one.text;
        EXPECT_EQ(parts.error().why(), cause::bad_address) << one.text;
        EXPECT_EQ(parts.error().detail(), one.at) << one.text;
    }
    auto const none = split_address("127.0.0.1");
    EXPECT_NE(std::string_view(none.error().message()).find("from its character 10 on"),
              std::string_view::npos)
        << none.error().message().c_str();
}

TEST(address, resolves_numbers) {
    EXPECT_EQ(texts(resolve("tcp", "127.0.0.1:8080")), std::vector<std::string>{"127.0.0.1:8080"});
    EXPECT_EQ(texts(resolve("udp", "[::1]:53")), std::vector<std::string>{"[::1]:53"});
    EXPECT_EQ(texts(resolve("tcp6", "[fe80::1%lo]:1")), std::vector<std::string>{"[fe80::1%lo]:1"});
}

TEST(address, resolves_names_of_hosts_and_services) {
    std::vector<std::string> const all = texts(resolve("tcp", "localhost:http"));
    EXPECT_TRUE(has(all, "127.0.0.1:80") || has(all, "[::1]:80"));
    EXPECT_EQ(texts(resolve("tcp4", "localhost:http")), std::vector<std::string>{"127.0.0.1:80"});
    EXPECT_EQ(texts(resolve("udp4", "127.0.0.1:domain")), std::vector<std::string>{"127.0.0.1:53"});
}

TEST(address, without_a_host_is_everywhere_or_here) {
    std::vector<std::string> const everywhere =
        texts(resolve("tcp", ":80", address_use::to_listen));
    ASSERT_FALSE(everywhere.empty());
    EXPECT_EQ(everywhere.front(), "[::]:80") << "takes IPv4 as well, so it goes first";
    EXPECT_TRUE(has(everywhere, "0.0.0.0:80"));
    std::vector<std::string> const here = texts(resolve("tcp", ":80"));
    EXPECT_TRUE(has(here, "127.0.0.1:80"));
    EXPECT_TRUE(has(here, "[::1]:80"));
}

TEST(address, of_a_unix_socket_is_a_path_or_a_name) {
    EXPECT_EQ(texts(resolve("unix", "/run/x:80")), std::vector<std::string>{"/run/x:80"});
    EXPECT_EQ(texts(resolve("unix", "@name")), std::vector<std::string>{"@name"});
    RONDO_EXPECT_ERROR(resolve("unix", ""), EINVAL);
    RONDO_EXPECT_ERROR(resolve("unix", std::string(108, 'x')), ENAMETOOLONG);
}

TEST(address, that_cannot_be_resolved_fails_in_the_resolvers_domain) {
    // A name that needs no asking: a label has 63 characters at most.
    std::string name(64, 'x');
    name += ".invalid:80"; // g++ 12 warns of its own operator+
    auto const host = resolve("tcp", name);
    ASSERT_FALSE(host);
    EXPECT_EQ(host.error().domain(), error_domain::resolver);
    EXPECT_EQ(host.error().attempted(), attempt::resolve);
    EXPECT_NE(std::string_view(host.error().message()).find(::gai_strerror(host.error().code())),
              std::string_view::npos);
    auto const service = resolve("tcp", "127.0.0.1:no_such_service");
    ASSERT_FALSE(service);
    EXPECT_EQ(service.error().domain(), error_domain::resolver);
    EXPECT_EQ(service.error().code(), EAI_SERVICE);
    auto const version = resolve("tcp4", "[::1]:80");
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().domain(), error_domain::resolver);
}

TEST(address, on_an_unknown_network_is_refused_by_its_name) {
    auto const none = resolve("quic", "127.0.0.1:80");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().why(), cause::unknown_network);
    EXPECT_NE(std::string_view(none.error().message()).find("\"quic\""), std::string_view::npos);
}

} // namespace
} // namespace rondo::test
