// SPDX-License-Identifier: MIT
#include <rondo/coro/combine.hpp>
#include <rondo/coro/mutex.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

task<> note_when_held(mutex& m, std::vector<int>& order, int who) {
    auto const held = co_await m.lock();
    order.push_back(held ? who : -who);
    static_cast<void>(co_await schedule());
}

task<result<>> lock_once(mutex& m) {
    auto const held = co_await m.lock();
    if (!held)
        co_return fail(held.error());
    co_return {};
}

TEST(coro_mutex, is_had_in_the_order_of_arrival) {
    mutex m;
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto mine = (co_await m.lock()).or_throw("lock");
        EXPECT_EQ(m.try_lock().error(), EAGAIN);
        scope s{co_await this_strand()};
        for (int i = 1; i <= 4; ++i)
            s.spawn(note_when_held(m, order, i));
        mine.unlock();
        EXPECT_FALSE(mine.holds());
        EXPECT_EQ(m.try_lock().error(), EAGAIN); // the first in line has it already
        EXPECT_TRUE(co_await s.join());
    };
    sync_wait(body());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
    EXPECT_TRUE(m.try_lock());
}

TEST(coro_mutex, passes_over_who_was_stopped) {
    mutex m;
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto mine = (co_await m.lock()).or_throw("lock");
        scope stopped{co_await this_strand()};
        scope patient{co_await this_strand()};
        stopped.spawn(note_when_held(m, order, 1));
        patient.spawn(note_when_held(m, order, 2));
        stopped.stop();
        EXPECT_TRUE(co_await stopped.join());
        mine.unlock();
        EXPECT_TRUE(co_await patient.join());
    };
    sync_wait(body());
    EXPECT_EQ(order, (std::vector{-1, 2}));
}

TEST(coro_mutex, that_was_handed_over_before_the_stop_is_held) {
    mutex m;
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto mine = (co_await m.lock()).or_throw("lock");
        scope s{co_await this_strand()};
        s.spawn(note_when_held(m, order, 1));
        mine.unlock();
        s.stop();
        EXPECT_TRUE(co_await s.join());
    };
    sync_wait(body());
    EXPECT_EQ(order, std::vector{1});
}

TEST(coro_mutex, is_not_had_by_a_stopped_strand_even_if_it_is_free) {
    mutex m;
    auto const stubborn = [&]() -> task<result<>> {
        static_cast<void>(co_await sleep_for(10s));
        co_return co_await lock_once(m);
    };
    auto const body = [&]() -> task<> {
        auto const any = co_await when_any(stubborn(), sleep_for(1ms));
        EXPECT_TRUE(std::get<0>(any.results).error().stopped());
    };
    sync_wait(body());
}

TEST(coro_mutex, is_not_waited_for_longer_than_told) {
    mutex m;
    auto const body = [&]() -> task<> {
        {
            auto const mine = co_await m.lock();
            EXPECT_EQ((co_await timeout(m.lock(), 2ms)).error(), ETIME);
            EXPECT_EQ((co_await timeout(lock_once(m), 2ms)).error(), ETIME);
        }
        EXPECT_TRUE(co_await timeout(m.lock(), 10s));
    };
    sync_wait(body());
}

TEST(coro_mutex, goes_with_its_guard) {
    mutex m;
    mutex other;
    auto first = sync_wait(m.lock()).or_throw("lock");
    mutex::guard second(std::move(first));
    EXPECT_FALSE(first.holds()); // NOLINT(bugprone-use-after-move): what is moved from holds none
    EXPECT_FALSE(m.try_lock());
    second = sync_wait(other.lock()).or_throw("lock");
    EXPECT_TRUE(m.try_lock());
    EXPECT_FALSE(other.try_lock());
}

TEST(coro_mutex, lets_threads_without_a_loop_wait_for_a_while) {
    mutex m;
    auto held = sync_wait(m.lock()).or_throw("lock");
    auto const before = std::chrono::steady_clock::now();
    EXPECT_EQ(sync_wait(m.lock(), 20ms).error(), ETIME);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
    std::thread other([&] { EXPECT_TRUE(sync_wait(m.lock())); });
    std::this_thread::sleep_for(5ms);
    held.unlock();
    other.join();
}

task<> add_many(mutex& m, long& sum, int times) {
    for (int i = 0; i < times; ++i) {
        auto const held = co_await m.lock();
        EXPECT_TRUE(held);
        long const was = sum;
        if (i % 64 == 0)
            static_cast<void>(co_await schedule());
        sum = was + 1;
    }
}

TEST(coro_mutex, excludes_coroutines_of_two_loops_and_a_thread) {
    mutex m;
    long sum = 0;
    constexpr int times = 5'000;
    auto const of_a_loop = [&] {
        auto const body = [&]() -> task<> {
            co_await when_all(add_many(m, sum, times), add_many(m, sum, times));
        };
        sync_wait(body());
    };
    std::thread one(of_a_loop);
    std::thread two(of_a_loop);
    for (int i = 0; i < times; ++i) {
        auto const held = sync_wait(m.lock());
        ++sum;
    }
    one.join();
    two.join();
    EXPECT_EQ(sum, 5 * times);
}

} // namespace
} // namespace rondo
