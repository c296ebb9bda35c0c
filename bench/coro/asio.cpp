// SPDX-License-Identifier: MIT
#include "asio.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/random_access_file.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace bench::coro {
namespace {

double thread_seconds() {
    ::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

asio::awaitable<void> posts(std::uint64_t rounds) {
    for (; rounds != 0; --rounds)
        co_await asio::post(asio::use_awaitable);
}

asio::awaitable<void> reads(asio::random_access_file& file, char* into, std::uint64_t at,
                            std::uint64_t rounds) {
    for (; rounds != 0; --rounds) {
        std::size_t const n =
            co_await file.async_read_some_at(at, asio::buffer(into, block), asio::use_awaitable);
        if (n != block) [[unlikely]]
            give_up("a read of Asio's was short");
    }
}

asio::awaitable<void> nothing() { co_return; }

} // namespace

struct asio_state {
    asio::io_context io{1};
};

asio_side::asio_side() : state_(std::make_unique<asio_state>()) {}
asio_side::~asio_side() = default;

void asio_side::run(kind what, desk const& d, std::uint64_t rounds) {
    asio::io_context& io = state_->io;
    io.restart();
    std::unique_ptr<asio::random_access_file> file;
    if (what == kind::read)
        file = std::make_unique<asio::random_access_file>(io, ::dup(d.fd));
    for (unsigned i = 0; i < width; ++i)
        if (what == kind::nop)
            asio::co_spawn(io, posts(rounds), asio::detached);
        else
            asio::co_spawn(io, reads(*file, d.buffers->data() + i * block, i * block, rounds),
                           asio::detached);
    io.run();
}

void asio_side::spawn(std::size_t count) {
    constexpr std::size_t most = 1000;
    asio::io_context& io = state_->io;
    while (count != 0) {
        std::size_t const n = std::min(count, most);
        for (std::size_t i = 0; i < n; ++i)
            asio::co_spawn(io, nothing(), asio::detached);
        io.restart();
        io.run();
        count -= n;
    }
}

void asio_side::timers(std::size_t count, double& insertion, double& cancel) {
    asio::io_context& io = state_->io;
    std::mt19937_64 random(1);
    std::vector<asio::steady_timer> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        all.emplace_back(io);
    std::vector<std::chrono::nanoseconds> after(count);
    for (auto& a : after)
        a = std::chrono::nanoseconds(60'000'000'000 + random() % 60'000'000'000);
    auto const now = std::chrono::steady_clock::now();
    double from = thread_seconds();
    for (std::size_t i = 0; i < count; ++i) {
        all[i].expires_at(now + after[i]);
        all[i].async_wait([](asio::error_code) {});
    }
    insertion = thread_seconds() - from;
    std::vector<std::uint32_t> order(count);
    for (std::size_t i = 0; i < count; ++i)
        order[i] = static_cast<std::uint32_t>(i);
    std::shuffle(order.begin(), order.end(), random);
    from = thread_seconds();
    for (std::uint32_t const i : order)
        all[i].cancel();
    cancel = thread_seconds() - from;
    io.restart();
    io.run();
}

void asio_side::post(std::size_t batches, std::size_t batch) {
    asio::io_context io;
    auto work = asio::make_work_guard(io);
    std::atomic<std::size_t> ran = 0;
    std::jthread poster([&] {
        for (std::size_t b = 1; b <= batches; ++b) {
            for (std::size_t i = 0; i < batch; ++i)
                asio::post(io, [&] {
                    // Relaxed, but for the last: one thread runs them all.
                    std::size_t const n = ran.load(std::memory_order_relaxed) + 1;
                    ran.store(n, std::memory_order_release);
                    if (n % batch == 0)
                        ran.notify_one();
                });
            for (std::size_t seen = ran; seen != b * batch; seen = ran)
                ran.wait(seen);
        }
        work.reset();
    });
    io.run();
}

} // namespace bench::coro
