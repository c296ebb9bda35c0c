// SPDX-License-Identifier: MIT
// What others suffered: queues that overflow or take less than they are given, streams that end
// without a word, buffers that run dry, counts that are short.
#include <prevents/prevents.hpp>

#include <rondo/ring/buffer_ring.hpp>

#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>
#include <support/wrapped_kernel.hpp>

#include <cerrno>
#include <poll.h>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace rondo::test {
namespace {

// 7: more completions than the queue holds
TEST(prevents, an_overflow_that_loses_completions) {
    ring r = ring::create({.entries = 2, .cq_entries = 2}).or_throw("ring");
    constexpr std::uint64_t count = 100;
    for (std::uint64_t i = 0; i < count; ++i) {
        while (!r.push(op::nop{}, i))
            static_cast<void>(r.submit()); // EBUSY is for those who never reap
        static_cast<void>(r.submit());
    }
    abi::cqe c{};
    for (std::uint64_t i = 0; i < count; ++i) {
        while (!r.pop(c))
            ASSERT_TRUE(r.submit_and_wait(1, 10s)) << i;
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_FALSE(r.pop(c));
}

task<> some_nops(std::size_t& done, int count) {
    for (int i = 0; i < count; ++i)
        done += (co_await one(op::nop{})) ? 1u : 0u;
}

// 7: nobody bounds what is in flight
TEST(prevents, more_in_flight_than_completions_have_room_for) {
    for (std::uint32_t const completions : {1u, 2u, 4u}) {
        loop on = loop_here(sized(1, completions));
        pipe_pair const p;
        std::size_t done = 0;
        auto const reader = [&]() -> task<> {
            char byte = 0;
            auto const n = co_await one(op::read{.fd = p.out, .into = std::span(&byte, 1)});
            done += n ? *n : 0;
        };
        auto const body = [&]() -> task<> {
            scope all(co_await this_strand());
            for (int i = 0; i < 200; ++i)
                all.spawn(reader());
            EXPECT_TRUE(co_await sleep_for(1ms));
            EXPECT_EQ(on.in_flight(), 200u);
            EXPECT_LE(on.ring().in_flight(), completions);
            p.write(std::string(200, 'x'));
            EXPECT_TRUE(co_await all.join());
        };
        sync_wait(on, body());
        EXPECT_EQ(done, 200u);
        EXPECT_GT(on.statistics().starved, 0u);
    }
}

// 7, 11: what a busy kernel answers is taken for a failure
TEST(prevents, a_busy_kernel_that_reaches_the_program_as_an_error) {
    faulty_kernel kernel;
    loop_options options = sized(4, 8);
    options.ring.backend = &kernel;
    loop on = loop_here(options);
    for (int i = 0; i < 10; ++i) {
        kernel.faults.push_back({EBUSY});
        kernel.faults.push_back({EAGAIN});
        kernel.faults.push_back({EINTR});
    }
    std::size_t done = 0;
    sync_wait(on, some_nops(done, 100));
    EXPECT_EQ(done, 100u);
    ring r = ring::create({.entries = 4, .backend = &kernel}).or_throw("ring");
    kernel.faults = {{EBUSY}, {EAGAIN}, {EINTR}};
    EXPECT_TRUE(r.run(op::nop{}));
    EXPECT_TRUE(kernel.faults.empty());
}

// 11: a submission that took fewer than were queued
TEST(prevents, what_was_queued_forgotten_when_the_kernel_took_a_part) {
    faulty_kernel kernel;
    loop_options options = sized(8, 64);
    options.ring.backend = &kernel;
    loop on = loop_here(options);
    for (std::uint32_t i = 0; i < 40; ++i)
        kernel.faults.push_back({0, i % 3});
    std::size_t done = 0;
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        for (int i = 0; i < 32; ++i)
            all.spawn(some_nops(done, 3));
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(on, body());
    EXPECT_EQ(done, 96u);
}

// 11: without submit_all the kernel stops at a bad entry, and those behind it wait for ever
TEST(prevents, a_bad_entry_holding_up_those_behind_it) {
    for (abi::setup const flags : {default_setup, default_setup & ~abi::setup::submit_all}) {
        loop_options options = sized(16);
        options.ring.flags = flags;
        loop on = loop_here(options);
        std::size_t refused = 0, done = 0;
        auto const bad = [&]() -> task<> {
            op::nop const what{.flags = static_cast<abi::nop_flag>(1u << 30)};
            auto const n = co_await what;
            refused += !n && n.error() == EINVAL ? 1u : 0u;
        };
        auto const body = [&]() -> task<> {
            scope all(co_await this_strand(), on_failure::collect);
            for (int i = 0; i < 5; ++i) {
                all.spawn(bad());
                all.spawn(some_nops(done, 2));
            }
            EXPECT_TRUE(co_await all.join());
        };
        sync_wait(on, body());
        EXPECT_EQ(refused, 5u);
        EXPECT_EQ(done, 10u);
    }
}

/// A stream of connections of which the `last`-th ends it; `error` 0: without one.
bool accepts_all_though_it_ends_at(simulation& s, std::uint64_t last, int error) {
    constexpr std::uint64_t clients = 6;
    loop on = loop_on(s);
    std::uint64_t accepted = 0, failed = 0;
    auto const body = [&]() -> task<> {
        socket_name const name;
        unique_fd const listening = co_await simulated_listener(name);
        stream incoming(co_await this_strand(), op::accept_stream<>{.fd = listening});
        std::vector<unique_fd> connected;
        while (accepted < clients) {
            if (connected.size() == accepted)
                connected.push_back(co_await simulated_client(name));
            bool const now = accepted == last && failed == 0;
            chances how = chances::calm();
            how.ended_stream = now && error == 0 ? 1 : 0;
            s.change(how);
            if (now && error != 0)
                s.add_fault({.opcode = abi::opcode::accept, .error = error});
            auto const got = co_await incoming.next();
            accepted += got ? 1u : 0u;
            failed += got ? 0u : 1u;
            if (!got && got.error() != error)
                co_return;
        }
    };
    sync_wait(on, body());
    return accepted == clients && failed <= 1;
}

// 8: a server that stops accepting, with nothing to be seen
TEST(prevents, a_stream_that_ends_without_a_word) {
    for (std::uint64_t last = 0; last < 6; ++last)
        for (int const error : {0, ENOMEM, EINTR}) {
            simulation s = simulate(calm(last + 1));
            EXPECT_TRUE(accepts_all_though_it_ends_at(s, last, error)) << last << ' ' << error;
        }
}

// 8: a doorbell that an overflow has made deaf
TEST(prevents, a_doorbell_that_goes_deaf) {
    loop on = loop_here(sized(1, 2));
    constexpr int rings_of_the_bell = 2'000;
    int heard = 0;
    bool over = false;
    struct bell : inbox_item {
        bell() : inbox_item(&ring_it) {}
        static void ring_it(inbox_item& m) noexcept {
            auto& self = static_cast<bell&>(m);
            *self.over = ++*self.heard == rings_of_the_bell;
        }
        int* heard = nullptr;
        bool* over = nullptr;
    };
    std::vector<bell> bells(rings_of_the_bell);
    std::thread visitor([&] {
        for (bell& b : bells) {
            b.heard = &heard;
            b.over = &over;
            EXPECT_TRUE(on.inbox().post(b));
            if (&b - bells.data() < 200)
                std::this_thread::sleep_for(20us); // so that it sleeps in between
        }
    });
    auto const traffic = [&]() -> task<> { // keeps both places of the queue busy
        std::size_t done = 0;
        while (!over) {
            scope some(co_await this_strand());
            for (int i = 0; i < 4; ++i)
                some.spawn(some_nops(done, 2));
            EXPECT_TRUE(co_await some.join());
            EXPECT_TRUE(co_await sleep_for(10us));
        }
    };
    sync_wait(on, traffic());
    visitor.join();
    EXPECT_EQ(heard, rings_of_the_bell);
}

// 9: a receiver whose buffers ran dry hears no more
TEST(prevents, a_receiver_that_is_deaf_once_its_buffers_ran_dry) {
    loop on = loop_here();
    auto const [here, there] = unix_pair();
    auto pool = buffer_ring::create(on.ring(), {.entries = 2, .buffer_size = 4}).or_throw("pool");
    std::string got;
    int starved = 0;
    send_text(there, "bytes for more than two buffers");
    auto const body = [&]() -> task<> {
        stream incoming(co_await this_strand(), op::recv_stream{.fd = here, .into = pool.choose()});
        std::vector<buffer_lease> held;
        for (int i = 0; i < 100 && got.size() < 31; ++i) {
            auto lease = co_await incoming.next();
            if (lease) {
                got.append(reinterpret_cast<char const*>(lease->bytes().data()), lease->size());
                held.push_back(std::move(*lease));
                continue;
            }
            EXPECT_EQ(lease.error().code(), ENOBUFS);
            ++starved;
            held.clear(); // and asking again is enough
        }
    };
    sync_wait(on, body());
    EXPECT_EQ(got, "bytes for more than two buffers");
    EXPECT_GE(starved, 3);
    EXPECT_EQ(pool.available(), pool.size());
}

// 9: a buffer is kept by what failed
TEST(prevents, buffers_lost_by_receives_that_failed) {
    loop on = loop_here();
    auto const [here, there] = unix_pair(SOCK_DGRAM);
    unique_fd const not_connected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto pool = buffer_ring::create(on.ring(), {.entries = 2, .buffer_size = 8}).or_throw("pool");
    auto const body = [&]() -> task<> {
        op::recv const failing{.fd = not_connected, .into = pool.choose()};
        op::recv const dry{.fd = here, .into = pool.choose(), .flags = MSG_DONTWAIT};
        op::recv const late{.fd = here, .into = pool.choose()};
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ((co_await one(failing)).error().code(), ENOTCONN);
            EXPECT_EQ((co_await one(dry)).error().code(), EAGAIN);
            EXPECT_EQ((co_await timeout(late, 1ms)).error().code(), ETIME);
        }
        send_text(there, "all well");
        auto const lease = co_await one(late);
        EXPECT_TRUE(lease && lease->size() == 8);
    };
    sync_wait(on, body());
    EXPECT_EQ(pool.leases(), 0u);
    EXPECT_EQ(pool.untouched(), pool.size());
}

// 9: a pool that grows without end, or not at all
TEST(prevents, a_pool_that_cannot_grow_or_does_not_stop) {
    ring r = ring::create().or_throw("ring");
    auto pool = buffer_ring::create(r, {.entries = 4, .buffer_size = 8, .buffers = 1});
    ASSERT_TRUE(pool);
    EXPECT_TRUE(pool->grow(3));
    EXPECT_EQ(pool->available(), 4u);
    EXPECT_EQ(pool->grow(1).error(), ENOSPC);
    EXPECT_EQ(pool->untouched(), 4u);
}

template <class Op>
void expect_all_bytes_by(loop& on, buffer_ring& pool, Op const& receiving, unique_fd& sender) {
    std::string sent, got;
    auto const body = [&]() -> task<> {
        stream incoming(co_await this_strand(), receiving);
        for (std::size_t i = 0; i < 40; ++i) {
            std::string const piece(1 + i * 7 % 60, static_cast<char>('a' + i % 26));
            send_text(sender, piece);
            sent += piece;
            while (got.size() < sent.size()) {
                auto const lease = co_await incoming.next();
                if (!lease && lease.error() != ENOBUFS)
                    co_return;
                for (std::size_t k = 0; lease && k < lease->parts(); ++k)
                    got.append(reinterpret_cast<char const*>(lease->part(k).data()),
                               lease->part(k).size());
            }
        }
        sender.reset();
        auto const end = co_await incoming.next();
        EXPECT_TRUE(end && end->size() == 0);
    };
    sync_wait(on, body());
    EXPECT_EQ(got, sent);
    EXPECT_EQ(pool.leases(), 0u);
}

// 10: which bytes of which buffers a completion means, up to the end of the stream
TEST(prevents, bundles_and_pieces_of_buffers_that_are_misread) {
    for (bool const incremental : {false, true})
        for (bool const bundle : {false, true}) {
            SCOPED_TRACE(std::string(incremental ? "pieces " : "whole ") +
                         (bundle ? "bundle" : ""));
            loop on = loop_here();
            auto [here, there] = unix_pair();
            auto pool =
                buffer_ring::create(on.ring(),
                                    {.entries = 8, .buffer_size = 16, .incremental = incremental})
                    .or_throw("pool");
            if (bundle)
                expect_all_bytes_by(
                    on, pool, op::recv_stream{.fd = here, .into = pool.choose_bundle()}, there);
            else
                expect_all_bytes_by(on, pool, op::recv_stream{.fd = here, .into = pool.choose()},
                                    there);
            EXPECT_EQ(pool.available(), pool.size());
        }
}

} // namespace
} // namespace rondo::test
