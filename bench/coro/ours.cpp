// SPDX-License-Identifier: MIT
#include "ours.hpp"

#include "sides.hpp"

#include <rondo/coro/sleep.hpp>
#include <rondo/loop/timers.hpp>
#include <support/check.hpp>
#include <support/sample.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <numeric>
#include <random>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bench::coro {
namespace {

rondo::loop make_loop() { return rondo::loop::create().or_throw("rondo::loop::create"); }

rondo::task<> nothing() { co_return; }

rondo::task<> yield() {
    auto const went_on = co_await rondo::schedule();
    if (!went_on) [[unlikely]]
        give_up("a task was stopped");
}

rondo::task<rondo::result<>> spawn_in_place(std::size_t count) {
    rondo::scope s{co_await rondo::this_strand()};
    for (; count != 0; --count)
        s.spawn(nothing());
    co_return co_await s.join();
}

rondo::task<rondo::result<>> spawn_waiting(std::size_t count) {
    constexpr std::size_t at_once = 1000;
    rondo::scope s{co_await rondo::this_strand()};
    while (count != 0) {
        std::size_t const n = std::min(count, at_once);
        for (std::size_t i = 0; i < n; ++i)
            s.spawn(yield());
        rondo::result<> const joined = co_await s.join();
        if (!joined)
            co_return joined;
        count -= n;
    }
    co_return rondo::result<>();
}

rondo::task<> sleep_until(std::chrono::steady_clock::time_point at) {
    auto const slept = co_await rondo::sleep_until(at);
    if (!slept) [[unlikely]]
        give_up("a sleep ended early");
}

rondo::task<rondo::result<>> sleep_in_batches(std::size_t count, std::size_t batches,
                                              std::uint64_t& enters) {
    using namespace std::chrono_literals;
    auto const start = std::chrono::steady_clock::now() + 200ms; // all of them sleep by then
    rondo::scope s{co_await rondo::this_strand()};
    for (std::size_t i = 0; i < count; ++i)
        s.spawn(sleep_until(start + (i % batches) * 5ms));
    rondo::strand& line = co_await rondo::this_strand();
    std::uint64_t const before = line.where().statistics().enters; // when all of them sleep
    rondo::result<> const joined = co_await s.join();
    enters = line.where().statistics().enters - before;
    co_return joined;
}

} // namespace

double spawn_seconds(std::size_t count, bool waiting) {
    rondo::loop on = make_loop();
    double const begin = cpu_seconds();
    rondo::sync_wait(on, waiting ? spawn_waiting(count) : spawn_in_place(count))
        .or_throw("rondo::scope");
    return cpu_seconds() - begin;
}

timer_seconds arm_and_disarm(std::size_t count) {
    struct sleeper : rondo::timer {
        sleeper() noexcept : timer([](timer&) noexcept {}) {}
    };
    std::mt19937_64 random(1);
    auto const all = std::make_unique<sleeper[]>(count);
    constexpr std::uint64_t minute_ns = 60'000'000'000;
    rondo::loop on = make_loop();
    rondo::timer_wheel& wheel = on.timers();
    std::vector<std::int64_t> at(count);
    for (std::int64_t& a : at)
        a = on.now() + static_cast<std::int64_t>(minute_ns + random() % minute_ns);
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    timer_seconds out{};
    double begin = cpu_seconds();
    for (std::size_t i = 0; i < count; ++i)
        wheel.arm(all[i], at[i]);
    out.insertion = cpu_seconds() - begin;
    std::shuffle(order.begin(), order.end(), random);
    begin = cpu_seconds();
    for (std::uint32_t const i : order)
        wheel.disarm(all[i]);
    out.cancel = cpu_seconds() - begin;
    return out;
}

double enters_per_expiry(std::size_t count, std::size_t batches) {
    rondo::loop on = make_loop();
    std::uint64_t enters = 0;
    rondo::sync_wait(on, sleep_in_batches(count, batches, enters)).or_throw("rondo::scope");
    return static_cast<double>(enters) / static_cast<double>(batches);
}

namespace {

/// Items that a thread posts again and again, when all of them have run.
struct posted : rondo::inbox_item {
    posted() noexcept
        : inbox_item([](inbox_item& self) noexcept {
              auto& mine = static_cast<posted&>(self);
              // Relaxed: one thread runs them all.
              std::size_t const n = mine.ran->load(std::memory_order_relaxed) + 1;
              mine.ran->store(n, std::memory_order_release);
              if (n % mine.batch == 0)
                  mine.ran->notify_one();
              *mine.done = n == mine.last;
          }) {}
    std::atomic<std::size_t>* ran = nullptr;
    std::size_t batch = 0;
    std::size_t last = 0;
    bool* done = nullptr;
};

} // namespace

void post(std::size_t batches, std::size_t batch) {
    rondo::loop on = make_loop();
    on.ring().bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
    std::atomic<std::size_t> ran = 0;
    bool done = false;
    auto const items = std::make_unique<posted[]>(batch);
    for (std::size_t i = 0; i < batch; ++i) {
        items[i].ran = &ran;
        items[i].batch = batch;
        items[i].last = batches * batch;
        items[i].done = &done;
    }
    std::jthread const poster([&] {
        for (std::size_t b = 1; b <= batches; ++b) {
            for (std::size_t i = 0; i < batch; ++i)
                if (!on.inbox().post(items[i])) [[unlikely]]
                    give_up("an inbox was closed");
            for (std::size_t seen = ran; seen != b * batch; seen = ran)
                ran.wait(seen);
        }
    });
    on.run_until(done).or_throw("rondo::loop::run_until");
}

namespace {

/// One end of the ping-pong: posts to the other one whenever it is posted to.
struct player : rondo::inbox_item {
    player() noexcept
        : inbox_item([](inbox_item& self) noexcept {
              auto& mine = static_cast<player&>(self);
              mine.done = --mine.left == 0;
              if (!mine.done || mine.answers_last)
                  static_cast<void>(mine.other->inbox().post(*mine.back));
          }) {}
    std::size_t left = 0;
    bool done = false;
    bool answers_last = false;
    rondo::loop* other = nullptr;
    player* back = nullptr;
};

} // namespace

double inbox_ping_pong(std::size_t rounds) {
    rondo::loop near = make_loop();
    player home;
    player away;
    std::barrier both(2);
    rondo::loop* far = nullptr;
    std::jthread const partner([&] {
        rondo::loop mine = make_loop();
        mine.ring().bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
        away.left = rounds;
        away.answers_last = true;
        away.other = &near;
        away.back = &home;
        far = &mine;
        both.arrive_and_wait();
        mine.run_until(away.done).or_throw("rondo::loop::run_until");
        both.arrive_and_wait(); // home's thread may be about to leave a post to `mine`
    });
    near.ring().bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
    both.arrive_and_wait();
    home.left = rounds;
    home.other = far;
    home.back = &away;
    double const begin = wall_seconds();
    static_cast<void>(far->inbox().post(away));
    near.run_until(home.done).or_throw("rondo::loop::run_until");
    double const seconds = wall_seconds() - begin;
    both.arrive_and_wait();
    return seconds;
}

double eventfd_ping_pong(std::size_t rounds) {
    auto const ping = owned(::eventfd(0, EFD_CLOEXEC), "eventfd");
    auto const pong = owned(::eventfd(0, EFD_CLOEXEC), "eventfd");
    auto const play = [rounds](int from, int to, bool begins) {
        std::uint64_t one = 1;
        std::uint64_t got = 0;
        for (std::size_t i = 0; i < rounds; ++i)
            if ((begins && ::write(to, &one, sizeof one) < 0) ||
                ::read(from, &got, sizeof got) < 0 ||
                (!begins && ::write(to, &one, sizeof one) < 0)) [[unlikely]]
                give_up("an eventfd failed");
    };
    std::jthread const partner([&] { play(ping.get(), pong.get(), false); });
    double const begin = wall_seconds();
    play(pong.get(), ping.get(), true);
    return wall_seconds() - begin;
}

} // namespace bench::coro
