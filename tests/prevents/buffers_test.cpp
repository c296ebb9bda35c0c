// SPDX-License-Identifier: MIT
// Buffers that the kernel chose for what was stopped go back to their pool, and those for whom it
// has none wait for that.
#include <prevents/prevents.hpp>

#include <rondo/coro/chain.hpp>
#include <rondo/ring/buffer_ring.hpp>
#include <support/pipe_pair.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

void expect_all_there(buffer_ring const& pool) {
    EXPECT_EQ(pool.leases(), 0u);
    EXPECT_EQ(pool.available(), pool.size());
    EXPECT_EQ(pool.untouched().or_throw("untouched"), pool.size());
}

buffer_ring four_buffers(loop& on) {
    return buffer_ring::create(on.ring(), {.entries = 4, .buffer_size = 8}).or_throw("pool");
}

TEST(prevents, a_chosen_buffer_lost_with_a_workers_read_that_was_stopped) {
    loop on = loop_here();
    pipe_pair const p;
    buffer_ring pool = four_buffers(on);
    auto const body = [&]() -> task<> {
        op::read const reading{.fd = p.out, .into = pool.choose()};
        for (int i = 0; i < 6; ++i) {
            auto const n = co_await timeout(op::async(reading), 3ms);
            EXPECT_TRUE(!n && n.error() == ETIME) << i << ": " << n.error().message().c_str();
        }
    };
    sync_wait(on, body());
    expect_all_there(pool);
}

TEST(prevents, a_chosen_buffer_lost_with_the_chain_that_was_stopped) {
    loop on = loop_here();
    pipe_pair const p;
    buffer_ring pool = four_buffers(on);
    auto const chained = [&]() -> task<result<>> {
        op::read const reading{.fd = p.out, .into = pool.choose()};
        auto const reading_there = op::async(reading);
        op::nop const then;
        auto const [n, nothing] = co_await op::link(reading_there, then);
        if (!n)
            co_return fail(n.error());
        co_return result<>{};
    };
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 6; ++i) {
            auto const n = co_await timeout(chained(), 3ms);
            EXPECT_TRUE(!n && n.error() == ETIME) << i << ": " << n.error().message().c_str();
        }
    };
    sync_wait(on, body());
    expect_all_there(pool);
}

TEST(prevents, a_chosen_buffer_lost_with_the_receive_that_was_cancelled) {
    constexpr std::string_view text = "bytes that come piece by piece";
    findings const found = explore({}, 300, [&](simulation& s) {
        loop on = loop_on(s);
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("sockets");
        buffer_ring pool = four_buffers(on);
        std::string got;
        auto const receiver = [&]() -> task<> {
            for (std::uint64_t i = 0; i < 1'000 && got.size() < text.size(); ++i) {
                op::recv const receiving{.fd = ends.second, .into = pool.choose()};
                auto const lease = co_await timeout(receiving, a_while(s, i));
                if (lease)
                    got.append(reinterpret_cast<char const*>(lease->bytes().data()), lease->size());
            }
        };
        auto const sender = [&]() -> task<> {
            for (std::size_t i = 0; i < text.size();) {
                EXPECT_TRUE(co_await sleep_for(a_while(s, 1'000 + i)));
                op::send const sending{.fd = ends.first, .from = text.substr(i, 3)};
                i += (co_await sending).or_throw("send");
            }
        };
        auto const both = [&]() -> task<> { co_await when_all(receiver(), sender()); };
        sync_wait(on, both());
        return got == text && pool.leases() == 0 && pool.available() == pool.size();
    });
    EXPECT_TRUE(found) << found.text();
}

TEST(prevents, a_chosen_buffer_lost_with_the_receive_that_was_interrupted) {
    chances interrupted = chances::calm();
    interrupted.worker = interrupted.eintr = 0.5;
    findings const found = explore({.how = interrupted}, 100, [&](simulation& s) {
        loop on = loop_on(s);
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("sockets");
        buffer_ring pool = four_buffers(on);
        auto const receiver = [&]() -> task<std::size_t> {
            op::recv const receiving{.fd = ends.second, .into = pool.choose()};
            std::size_t bytes = 0;
            while (bytes < 64)
                bytes += (co_await receiving).or_throw("recv").size();
            co_return bytes;
        };
        auto const sender = [&]() -> task<> {
            for (int i = 0; i < 8; ++i) {
                op::send const sending{.fd = ends.first, .from = std::string_view("8 bytes.")};
                (co_await sending).or_throw("send");
            }
        };
        auto const both = [&]() -> task<> { co_await when_all(receiver(), sender()); };
        sync_wait(on, both());
        return pool.leases() == 0 && pool.available() == pool.size() &&
               pool.untouched().or_throw("untouched") == pool.size();
    });
    EXPECT_TRUE(found) << found.text();
}

// 9: a receiver asks again and again while others have all buffers, or never
TEST(prevents, a_receiver_that_spins_while_its_pool_is_empty) {
    constexpr std::string_view text = "more bytes than the two buffers of the pool have room for";
    loop on = loop_here();
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const here(ends[0]), there(ends[1]);
    buffer_ring pool =
        buffer_ring::create(on.ring(), {.entries = 2, .buffer_size = 8}).or_throw("pool");
    ASSERT_EQ(::send(there.get(), text.data(), text.size(), 0),
              static_cast<::ssize_t>(text.size()));
    std::vector<buffer_lease> held;
    auto const receiver = [&]() -> task<std::string> {
        stream incoming(co_await this_strand(), op::recv_stream{.fd = here, .into = pool.choose()},
                        pool);
        std::string got;
        while (got.size() < text.size()) {
            auto lease = (co_await incoming.next()).or_throw("next");
            got.append(reinterpret_cast<char const*>(lease.bytes().data()), lease.size());
            held.push_back(std::move(lease));
        }
        co_return got;
    };
    auto const body = [&]() -> task<> {
        auto const holder = [&]() -> task<> {
            for (std::uint64_t total = 0; total < text.size(); total += 2 * 8) {
                static_cast<void>(co_await sleep_for(2ms));
                EXPECT_EQ(held.size(), std::min<std::size_t>(2, (text.size() - total + 7) / 8));
                held.clear();
            }
        };
        auto const [got, nothing] = co_await when_all(receiver(), holder());
        EXPECT_EQ(got, text);
    };
    sync_wait(on, body());
    EXPECT_EQ(pool.starvations(), 3u) << "once for each two buffers";
    // A start for each time that it was starved, and one at first; the end is cancelled.
    EXPECT_LE(on.statistics().started, 6u);
    expect_all_there(pool);
}

} // namespace
} // namespace rondo::test
