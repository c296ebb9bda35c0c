// SPDX-License-Identifier: MIT
// Connections and datagrams, all of it by operations of a ring.
#include "simulated_test.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <string_view>
#include <sys/un.h>

namespace rondo::test {
namespace {

constexpr std::string_view text = "hello";

/// An address of one of three families, and where it is.
struct place {
    ::sockaddr_storage storage{};
    ::socklen_t size = 0;

    [[nodiscard]] ::sockaddr const* address() const {
        return reinterpret_cast<::sockaddr const*>(&storage);
    }
    [[nodiscard]] int family() const { return storage.ss_family; }

    template <class Address>
    static place of(Address const& a) {
        place out;
        std::memcpy(&out.storage, &a, sizeof a);
        out.size = sizeof a;
        return out;
    }
    static place inet(::in_port_t port) {
        ::sockaddr_in out{};
        out.sin_family = AF_INET;
        out.sin_port = htons(port);
        out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return of(out);
    }
    static place inet6(::in_port_t port) {
        ::sockaddr_in6 out{};
        out.sin6_family = AF_INET6;
        out.sin6_port = htons(port);
        out.sin6_addr = in6addr_loopback;
        return of(out);
    }
    static place local(char const* path) {
        ::sockaddr_un out{};
        out.sun_family = AF_UNIX;
        std::strncpy(out.sun_path, path, sizeof out.sun_path - 1);
        return of(out);
    }
};

unique_fd socket_of(ring& r, int family, int type) {
    return r.run(op::socket<>{.domain = family, .type = type}).or_throw("socket");
}

unique_fd bound(ring& r, place const& at, int type) {
    unique_fd out = socket_of(r, at.family(), type);
    r.run(op::bind{.fd = out, .address = at.address(), .size = at.size}).or_throw("bind");
    return out;
}

unique_fd listening(ring& r, place const& at) {
    unique_fd out = bound(r, at, SOCK_STREAM);
    r.run(op::listen{.fd = out}).or_throw("listen");
    return out;
}

result<> connect(ring& r, unique_fd const& fd, place const& to) {
    return r.run(op::connect{.fd = fd, .address = to.address(), .size = to.size});
}

std::string receive_all(ring& r, unique_fd const& fd) {
    std::string out;
    for (;;) {
        std::array<char, 16> into{};
        auto const n = r.run(op::recv{.fd = fd, .into = into}).or_throw("recv");
        if (n == 0)
            return out;
        out.append(into.data(), n);
    }
}

void send_all(ring& r, unique_fd const& fd, std::string_view bytes) {
    while (!bytes.empty())
        bytes.remove_prefix(r.run(op::send{.fd = fd, .from = bytes}).or_throw("send"));
}

TEST(connections, of_every_family_carry_bytes_both_ways) {
    for (place const& at : {place::inet(80), place::inet6(80), place::local("/socket")})
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            SCOPED_TRACE("family " + std::to_string(at.family()) + ", seed " +
                         std::to_string(seed));
            simulation s = simulate({.seed = seed});
            ring r = ring_of(s);
            unique_fd const listener = listening(r, at);
            unique_fd const client = socket_of(r, at.family(), SOCK_STREAM);
            ASSERT_TRUE(connect(r, client, at));
            unique_fd const server = r.run(op::accept<>{.fd = listener}).or_throw("accept");
            send_all(r, client, text);
            EXPECT_TRUE(r.run(op::shutdown{.fd = client, .how = SHUT_WR}));
            EXPECT_EQ(receive_all(r, server), text);
            send_all(r, server, "good bye");
            EXPECT_TRUE(r.run(op::shutdown{.fd = server, .how = SHUT_WR}));
            EXPECT_EQ(receive_all(r, client), "good bye");
        }
}

TEST(connections, are_refused_where_nobody_listens) {
    simulation s = simulate();
    ring r = ring_of(s);
    EXPECT_EQ(connect(r, socket_of(r, AF_INET, SOCK_STREAM), place::inet(81)).error(),
              ECONNREFUSED);
    EXPECT_EQ(connect(r, socket_of(r, AF_UNIX, SOCK_STREAM), place::local("/none")).error(),
              ENOENT);
    unique_fd const listener = listening(r, place::inet(80));
    unique_fd const second = socket_of(r, AF_INET, SOCK_STREAM);
    place const same = place::inet(80);
    EXPECT_EQ(r.run(op::bind{.fd = second, .address = same.address(), .size = same.size}).error(),
              EADDRINUSE);
}

TEST(connections, tell_the_peers_address) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const listener = listening(r, place::inet(80));
    unique_fd const client = bound(r, place::inet(4242), SOCK_STREAM);
    ASSERT_TRUE(connect(r, client, place::inet(80)));
    ::sockaddr_in peer{};
    ::socklen_t size = sizeof peer;
    EXPECT_TRUE(r.run(op::accept<>{
        .fd = listener, .address = reinterpret_cast<::sockaddr*>(&peer), .size = &size}));
    EXPECT_EQ(size, sizeof peer);
    EXPECT_EQ(ntohs(peer.sin_port), 4242);
}

TEST(connections, end_with_a_reset_when_nobody_reads_what_came) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const listener = listening(r, place::inet(80));
    unique_fd const client = socket_of(r, AF_INET, SOCK_STREAM);
    ASSERT_TRUE(connect(r, client, place::inet(80)));
    unique_fd server = r.run(op::accept<>{.fd = listener}).or_throw("accept");
    send_all(r, client, text);
    s.pass(1'000'000);
    server.reset(); // with bytes unread
    std::array<char, 8> into{};
    EXPECT_EQ(r.run(op::recv{.fd = client, .into = into}).error(), ECONNRESET);
}

TEST(a_full_connection, makes_its_sender_wait) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation s = simulate({.seed = seed});
        ring r = ring_of(s);
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
        std::string const much(3'000'000, 'z');
        ASSERT_TRUE(r.push(op::send{.fd = ends.first, .from = much, .flags = MSG_WAITALL}, 1));
        r.submit().or_throw("submit");
        EXPECT_EQ(r.cq().ready(), 0u);
        std::vector<char> into(3'000'000);
        ASSERT_TRUE(r.push(op::recv{.fd = ends.second, .into = into, .flags = MSG_WAITALL}, 2));
        auto const got = results(r, 2);
        EXPECT_EQ(got.at(1), 3'000'000);
        EXPECT_EQ(got.at(2), 3'000'000);
        EXPECT_TRUE(std::equal(into.begin(), into.end(), much.begin()));
    }
}

TEST(datagrams, of_every_family_keep_their_bounds) {
    for (place const& at : {place::inet(53), place::inet6(53), place::local("/datagrams")}) {
        SCOPED_TRACE("family " + std::to_string(at.family()));
        simulation s = simulate({.seed = 3});
        ring r = ring_of(s);
        unique_fd const server = bound(r, at, SOCK_DGRAM);
        unique_fd const client = socket_of(r, at.family(), SOCK_DGRAM);
        EXPECT_EQ(
            r.run(op::send{.fd = client, .from = text, .to = at.address(), .to_size = at.size}),
            5u);
        std::array<char, 3> few{};
        EXPECT_EQ(r.run(op::recv{.fd = server, .into = few}), 3u);
        ASSERT_TRUE(connect(r, client, at));
        EXPECT_EQ(r.run(op::send{.fd = client, .from = std::string_view()}), 0u);
        EXPECT_EQ(r.run(op::send{.fd = client, .from = text}), 5u);
        std::array<char, 8> into{};
        EXPECT_EQ(r.run(op::recv{.fd = server, .into = into}), 0u); // the rest of the first is gone
        EXPECT_EQ(r.run(op::recv{.fd = server, .into = into}), 5u);
    }
}

TEST(what_is_sent, takes_its_time) {
    simulation_options options = calm();
    options.net_ns = 1'000'000'000;
    simulation s = simulate(options);
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    std::array<char, 8> into{};
    std::int64_t longest = 0;
    for (int i = 0; i < 20; ++i) {
        std::int64_t const before = s.now();
        send_all(r, ends.first, text);
        EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = into}), 5u);
        EXPECT_LE(s.now() - before, 1'000'010'000);
        longest = std::max(longest, s.now() - before);
    }
    EXPECT_GT(longest, 500'000'000);
}

} // namespace
} // namespace rondo::test
