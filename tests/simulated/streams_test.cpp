// SPDX-License-Identifier: MIT
// Operations that complete many times, completions by way of the overflow list, and work that is
// tried again for no reason.
#include "simulated_test.hpp"

#include <rondo/ring/buffer_ring.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/un.h>

namespace rondo::test {
namespace {

simulation_options ending() { return only(&chances::ended_stream, 1); }

/// What a stream says when its first event has come and it is to end early: that, and no more.
void expect_one_and_only(ring& r, std::uint64_t user_data) {
    for (;;) {
        abi::cqe const c = next(r);
        if (c.user_data != user_data)
            continue;
        EXPECT_GE(c.res, 0);
        EXPECT_FALSE(has_more(c));
        break;
    }
    r.submit_and_wait(1, std::chrono::seconds(1)).or_throw("wait");
    for (abi::cqe c; r.pop(c);)
        EXPECT_NE(c.user_data, user_data);
}

TEST(a_stream, of_receives_may_end_early_and_lose_nothing) {
    simulation s = simulate(ending());
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    auto pool = buffer_ring::create(r, {.entries = 8, .buffer_size = 4}).or_throw("pool");
    std::string received;
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = std::string_view("twelve bytes")}), 12u);
    while (received.size() < 12) {
        op::recv_stream const stream{.fd = ends.second, .into = pool.choose()};
        ASSERT_TRUE(r.push(stream, 1));
        abi::cqe const c = next(r);
        ASSERT_EQ(c.res, 4);
        EXPECT_FALSE(has_more(c));
        auto const lease = op::value_of(stream, c).or_throw("recv");
        received.append(reinterpret_cast<char const*>(lease.bytes().data()), lease.size());
    }
    EXPECT_EQ(received, "twelve bytes");
    EXPECT_TRUE(tells(s, "ends early"));
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST(a_stream, of_accepts_may_end_early) {
    simulation s = simulate(ending());
    ring r = ring_of(s);
    auto listener = r.run(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}).or_throw("socket");
    ::sockaddr_un name{.sun_family = AF_UNIX, .sun_path = "/listener"};
    auto const* const address = reinterpret_cast<::sockaddr const*>(&name);
    ASSERT_TRUE(r.run(op::bind{.fd = listener, .address = address, .size = sizeof name}));
    ASSERT_TRUE(r.run(op::listen{.fd = listener}));
    ASSERT_TRUE(r.push(op::accept_stream<>{.fd = listener}, 1));
    std::vector<unique_fd> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(
            r.run(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}).or_throw("socket"));
        ASSERT_TRUE(
            r.run(op::connect{.fd = clients.back(), .address = address, .size = sizeof name}));
    }
    abi::cqe const c = next(r);
    EXPECT_FALSE(has_more(c));
    unique_fd const first(c.res);
    EXPECT_EQ(r.in_flight(), 0u);
    EXPECT_TRUE(r.run(op::accept<>{.fd = listener})); // the second one is still there
}

TEST(a_stream, of_polls_may_end_early) {
    simulation s = simulate(ending());
    ring r = ring_of(s);
    auto const events = s.event_counter().or_throw("event counter");
    std::uint64_t const one = 1;
    ASSERT_TRUE(r.push(op::poll_stream{.fd = events, .events = POLLIN}, 1));
    ASSERT_TRUE(r.push(op::write{.fd = events, .from = std::as_bytes(std::span(&one, 1))}, 2));
    op::timeout const later{.when = std::chrono::milliseconds(1)};
    ASSERT_TRUE(r.push(later, 4));
    expect_one_and_only(r, 1);
}

TEST(a_stream, of_reads_may_end_early) {
    simulation s = simulate(ending());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    auto pool = buffer_ring::create(r, {.entries = 8, .buffer_size = 4}).or_throw("pool");
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = std::string_view("eight by")}), 8u);
    for (int i = 0; i < 2; ++i) {
        op::read_stream const stream{.fd = pipe.first, .into = pool.choose()};
        ASSERT_TRUE(r.push(stream, 1));
        abi::cqe const c = next(r);
        EXPECT_FALSE(has_more(c));
        EXPECT_EQ(op::value_of(stream, c).or_throw("read").size(), 4u);
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST(a_stream, goes_on_in_a_calm_world) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    auto pool = buffer_ring::create(r, {.entries = 8, .buffer_size = 4}).or_throw("pool");
    op::read_stream const stream{.fd = pipe.first, .into = pool.choose()};
    ASSERT_TRUE(r.push(stream, 1));
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(r.run(op::write{.fd = pipe.second, .from = std::string_view("abcd")}));
        abi::cqe const c = next(r);
        EXPECT_TRUE(has_more(c));
        EXPECT_EQ(op::value_of(stream, c).or_throw("read").size(), 4u);
    }
}

TEST(a_stream, loses_nothing_by_way_of_workers_and_early_ends) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        simulation_options options{.seed = seed};
        options.how.worker = 0.8;
        options.how.ended_stream = 0.3;
        simulation s = simulate(options);
        ring r = ring_of(s);
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
        auto pool = buffer_ring::create(r, {.entries = 4, .buffer_size = 8}).or_throw("pool");
        op::recv_stream const stream{.fd = ends.second, .into = pool.choose()};
        std::string sent, received;
        bool running = false;
        for (int i = 0; i < 30 || received.size() < sent.size(); ++i) {
            bool const pushed = running || r.push(stream, 1);
            ASSERT_TRUE(running = pushed);
            std::string const piece(static_cast<std::size_t>(i < 30 ? i % 11 : 0),
                                    static_cast<char>('a' + i % 26));
            auto const n = r.run(op::send{.fd = ends.first, .from = piece}).or_throw("send");
            sent.append(piece, 0, n);
            s.pass(300'000);
            for (abi::cqe c; r.pop(c);) {
                running = running && has_more(c);
                auto const lease = op::value_of(stream, c);
                ASSERT_TRUE(lease || lease.error() == ENOBUFS);
                if (lease)
                    received.append(reinterpret_cast<char const*>(lease->bytes().data()),
                                    lease->size());
            }
            ASSERT_LT(i, 1000);
        }
        EXPECT_EQ(received, sent);
        EXPECT_EQ(pool.available(), 4u);
    }
}

TEST(a_stream, of_timeouts_ends_when_it_has_come_as_often_as_asked_for) {
    simulation s = simulate({.seed = 3});
    ring r = ring_of(s);
    op::timeout_stream const ticks{.every = std::chrono::milliseconds(10), .repeats = 3};
    ASSERT_TRUE(r.push(ticks, 1));
    std::int64_t const before = s.now();
    for (int i = 1; i <= 3; ++i) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.res, -ETIME);
        EXPECT_EQ(has_more(c), i != 3);
        EXPECT_GE(s.now() - before, i * 10'000'000);
    }
}

TEST(an_overflow, is_seen_and_loses_nothing_and_keeps_the_order) {
    simulation s = simulate(only(&chances::overflow, 1));
    ring r = ring_of(s);
    for (std::uint64_t i = 0; i < 40; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    r.submit().or_throw("submit");
    EXPECT_TRUE(has(r.sq().flags(), abi::sq_ring_flag::cq_overflow));
    EXPECT_EQ(r.cq().ready(), 0u);
    for (std::uint64_t i = 0; i < 40; ++i) {
        abi::cqe c{};
        ASSERT_TRUE(r.pop(c)) << i;
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_TRUE(tells(s, "overflows"));
    EXPECT_EQ(r.cq().overflow(), 0u);
}

TEST(an_overflow, by_chance_mixes_with_a_queue_that_is_full) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation s = simulate(only(&chances::overflow, 0.3, seed));
        ring r = ring_of(s, {.entries = 8, .cq_entries = 8});
        std::uint64_t pushed = 0;
        for (int batch = 0; batch < 10; ++batch) {
            for (int i = 0; i < 8; ++i)
                ASSERT_TRUE(r.push(op::nop{}, pushed++));
            r.submit().or_throw("submit");
        }
        for (std::uint64_t i = 0; i < pushed; ++i)
            EXPECT_EQ(next(r).user_data, i);
    }
}

TEST(a_spurious_wake_up, changes_nothing_for_what_waits) {
    simulation s = simulate(only(&chances::wake_up, 1));
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    auto const events = s.event_counter().or_throw("event counter");
    std::array<char, 8> one{}, two{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = one}, 1));
    ASSERT_TRUE(r.push(op::recv{.fd = ends.second, .into = two}, 2));
    ASSERT_TRUE(r.push(op::poll{.fd = events, .events = POLLIN}, 3));
    ASSERT_TRUE(r.push(op::poll_stream{.fd = events, .events = POLLIN}, 4));
    op::timeout const soon{.when = std::chrono::milliseconds(1)};
    EXPECT_TRUE(r.run(soon));
    abi::cqe c{};
    EXPECT_FALSE(r.pop(c));
    EXPECT_TRUE(tells(s, "is woken for nothing"));
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = std::string_view("pipe")}), 4u);
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = std::string_view("socket")}), 6u);
    auto const got = results(r, 2);
    EXPECT_EQ(got.at(1), 4);
    EXPECT_EQ(got.at(2), 6);
}

} // namespace
} // namespace rondo::test
