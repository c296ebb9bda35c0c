// SPDX-License-Identifier: MIT
// What others suffered: results that a cancel made them lose, and names that meant something else
// by the time they were used.
#include <prevents/prevents.hpp>

#include <rondo/interop/connection.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/interop/listener.hpp>
#include <rondo/ring/buffer_ring.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <array>
#include <cerrno>
#include <future>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace rondo::test {
namespace {

bool is_closed_by_peer(unique_fd const& fd) {
    ::pollfd p{fd.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&p, 1, 5'000) == 1 && ::read(fd.get(), &byte, 1) <= 0;
}

// 4: the deadline decides, though the bytes were there before the cancel
TEST(prevents, a_read_that_beat_its_deadline_reported_as_late) {
    simulation s = simulate(only(&chances::late_cancel, 1));
    loop on = loop_on(s);
    auto const p = s.pipe().or_throw("pipe");
    std::array<char, 8> memory{};
    auto const reader = [&]() -> task<result<std::size_t>> {
        op::read const reading{.fd = p.first, .into = memory};
        co_return co_await timeout(reading, 1ms);
    };
    auto const writer = [&]() -> task<> {
        EXPECT_TRUE(co_await sleep_for(1ms));
        op::write const writing{.fd = p.second, .from = std::string_view("bytes")};
        EXPECT_EQ(co_await writing, 5u);
    };
    auto const both = [&]() -> task<> {
        auto const over = co_await when_all(reader(), writer());
        EXPECT_EQ(std::get<0>(over), 5u);
    };
    sync_wait(on, both());
    EXPECT_NE(s.trace().find("is tried before it is cancelled"), std::string::npos) << s.trace();
}

// 4: an accepted descriptor is dropped with the cancelled accept, and its client waits for ever
TEST(prevents, a_connection_lost_with_the_accept_that_was_cancelled) {
    constexpr std::size_t clients = 6;
    std::size_t late = 0;
    findings const found = explore({}, 300, [&](simulation& s) {
        loop on = loop_on(s);
        socket_name const name;
        std::vector<unique_fd> accepted, connected;
        auto const server = [&](int listening) -> task<> {
            for (std::uint64_t i = 0; i < 500 && accepted.size() < clients; ++i) {
                auto got = co_await timeout(op::accept<>{.fd = listening}, a_while(s, i));
                if (got)
                    accepted.push_back(std::move(*got));
                else
                    ++late;
            }
        };
        auto const client = [&](std::uint64_t which) -> task<> {
            EXPECT_TRUE(co_await sleep_for(a_while(s, 1'000 + which)));
            connected.push_back(co_await simulated_client(name));
        };
        auto const body = [&]() -> task<> {
            unique_fd const listening = co_await simulated_listener(name);
            scope all(co_await this_strand());
            all.spawn(server(listening.get()));
            for (std::uint64_t i = 0; i < clients; ++i)
                all.spawn(client(i));
            EXPECT_TRUE(co_await all.join());
        };
        sync_wait(on, body());
        return accepted.size() == clients && connected.size() == clients;
    });
    EXPECT_TRUE(found) << found.text();
    EXPECT_GT(late, 0u);
}

// 4: what arrives for nobody stays open
TEST(prevents, a_connection_left_open_for_which_nobody_waits_any_more) {
    unique_fd const listening = tcp_listener();
    unique_fd unclaimed, untaken;
    {
        auto shared = shared_ring::create({.shards = 1}).or_throw("shared ring");
        auto const accepting = shared.submit(op::accept<>{.fd = listening}).or_throw("submit");
        unclaimed = tcp_client(listening);
        while (!shared.poll(accepting))
            ::poll(nullptr, 0, 1);
    }
    EXPECT_TRUE(is_closed_by_peer(unclaimed));
    auto const body = [&]() -> task<> {
        stream accepted(co_await this_strand(), op::accept_stream<>{.fd = listening});
        unique_fd const first = tcp_client(listening);
        EXPECT_TRUE(co_await accepted.next());
        untaken = tcp_client(listening);
        for (int i = 0; i < 1'000 && accepted.ready() == 0; ++i)
            EXPECT_TRUE(co_await sleep_for(1ms));
    };
    sync_wait(body());
    EXPECT_TRUE(is_closed_by_peer(untaken));
}

// 4: a buffer that the kernel chose for a cancelled read is never given back
TEST(prevents, a_chosen_buffer_lost_with_the_read_that_was_cancelled) {
    ring r = ring::create({.entries = 8}).or_throw("ring");
    pipe_pair const p;
    auto pool = buffer_ring::create(r, {.entries = 2, .buffer_size = 8}).or_throw("pool");
    op::read const reading{.fd = p.out, .into = pool.choose()};
    for (int times = 0; times < 6; ++times) {
        ASSERT_TRUE(r.push(op::async(reading), 1));
        r.submit().or_throw("submit");
        for (int i = 0; i < 1'000 && *pool.untouched() == pool.size(); ++i)
            ::poll(nullptr, 0, 1);
        ASSERT_TRUE(r.push(op::cancel{op::cancel_match::user_data(1)}, 2));
        r.submit_and_wait(2, 10s).or_throw("wait");
        for (abi::cqe c; r.pop(c);)
            if (c.user_data == 1) {
                EXPECT_FALSE(op::value_of(reading, c));
            }
    }
    EXPECT_EQ(pool.available(), pool.size());
    EXPECT_EQ(pool.untouched(), pool.size());
}

// 4: a cancel by user_data that finds single operations only
TEST(prevents, a_cancel_that_misses_a_stream) {
    ring r = ring::create({.entries = 8}).or_throw("ring");
    pipe_pair const p;
    unique_fd const listening = tcp_listener();
    ASSERT_TRUE(r.push(op::poll_stream{.fd = p.out, .events = POLLIN}, 1));
    ASSERT_TRUE(r.push(op::accept_stream<>{.fd = listening}, 2));
    r.submit().or_throw("submit");
    for (std::uint64_t const which : {1u, 2u}) {
        ASSERT_TRUE(r.push(op::cancel{op::cancel_match::user_data(which)}, 3));
        r.submit_and_wait(2, 10s).or_throw("wait");
        abi::cqe c{};
        for (int i = 0; i < 2; ++i) {
            ASSERT_TRUE(r.pop(c));
            EXPECT_EQ(c.res, c.user_data == 3 ? 0 : -ECANCELED);
            EXPECT_FALSE(abi::more(c));
        }
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

// 5: a name that was used again for another operation
TEST(prevents, a_stale_name_reaching_the_next_operation_in_its_place) {
    auto shared = shared_ring::create({.shards = 1}).or_throw("shared ring");
    pipe_pair const p;
    char byte = 0;
    auto const old = shared.submit(op::nop{}).or_throw("submit");
    EXPECT_TRUE(shared.wait(old));
    op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
    auto second = shared.submit(reading).or_throw("submit");
    for (int i = 0; i < 1'000 && old.name().slot != second.name().slot; ++i) {
        EXPECT_TRUE(shared.cancel(second));
        EXPECT_FALSE(shared.wait(second));
        second = shared.submit(reading).or_throw("submit");
    }
    ASSERT_EQ(old.name().slot, second.name().slot);
    EXPECT_EQ(shared.cancel(old).error(), ESTALE);
    EXPECT_EQ(shared.wait(old).error().why(), cause::stale_ticket);
    p.write("x");
    EXPECT_EQ(shared.wait(second, 10s), 1u);
}

// 6: close() leaves what is pending, which then serves the next file with that number
TEST(prevents, a_pending_read_reaching_the_next_file_with_its_number) {
    pipe_pair first, second;
    int const number = first.out.get();
    std::array<char, 8> memory{};
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        auto const reading = [&]() -> task<> {
            auto const n = co_await one(op::read{.fd = number, .into = memory});
            EXPECT_TRUE(n ? *n == 3 : n.error() == ECANCELED);
        };
        all.spawn(reading());
        EXPECT_TRUE(co_await sleep_for(2ms));
        static_cast<void>(first.out.release());
        EXPECT_TRUE(co_await one(op::close{.fd = number}));
        EXPECT_EQ(::dup2(second.out.get(), number), number);
        second.write("other");
        EXPECT_TRUE(co_await sleep_for(5ms));
        EXPECT_EQ(unread(number), 5);
        all.stop();
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(body());
    ::close(number);
    EXPECT_EQ(unread(second.out.get()), 5);
}

// 6: close() under a call of another thread
TEST(prevents, a_closed_connection_whose_reader_takes_the_next_ones_bytes) {
    listener server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    std::string const at = server.local_address().or_throw("address").to_string();
    connection here = connection::connect("tcp", at).or_throw("connect");
    connection const there = server.accept().or_throw("accept");
    int const number = here.native_handle();
    std::array<char, 8> memory{};
    shared_ring& on = *default_ring().or_throw("default ring");
    std::uint64_t const before = on.statistics().in_flight;
    auto reader = std::async(std::launch::async, [&] { return here.read(memory); });
    while (on.statistics().in_flight == before)
        std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(here.close());
    ASSERT_EQ(reader.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(reader.get().error().code(), ECANCELED);
    pipe_pair const next;
    unique_fd const same(::dup2(next.out.get(), number));
    next.write("bytes");
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(unread(same.get()), 5);
}

} // namespace
} // namespace rondo::test
