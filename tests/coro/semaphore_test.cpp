// SPDX-License-Identifier: MIT
#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/semaphore.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

task<> take(semaphore& s, std::size_t n, std::vector<int>& order, int who) {
    auto permit = co_await s.acquire(n);
    order.push_back(permit ? who : -who);
    if (permit)
        permit->keep();
}

TEST(coro_semaphore, lets_in_as_many_as_it_has_permits) {
    semaphore s(3);
    int inside = 0;
    int most = 0;
    auto const visitor = [&]() -> task<> {
        auto const permit = co_await s.acquire();
        most = std::max(most, ++inside);
        static_cast<void>(co_await schedule());
        --inside;
    };
    auto const body = [&]() -> task<> {
        scope all{co_await this_strand()};
        for (int i = 0; i < 20; ++i)
            all.spawn(visitor());
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(body());
    EXPECT_EQ(most, 3);
    EXPECT_EQ(s.available(), 3u);
}

TEST(coro_semaphore, does_not_let_who_wants_few_pass_who_wants_many) {
    semaphore s(2);
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        scope all{co_await this_strand()};
        all.spawn(take(s, 5, order, 1));
        all.spawn(take(s, 1, order, 2));
        EXPECT_EQ(s.try_acquire().error(), EAGAIN);
        s.release(2);
        static_cast<void>(co_await schedule());
        EXPECT_TRUE(order.empty());
        s.release(2);
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(body());
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_EQ(s.available(), 0u);
}

TEST(coro_semaphore, goes_on_to_the_next_when_the_first_in_line_is_stopped) {
    semaphore s(2);
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        scope first{co_await this_strand()};
        scope rest{co_await this_strand()};
        first.spawn(take(s, 5, order, 1));
        rest.spawn(take(s, 1, order, 2));
        rest.spawn(take(s, 1, order, 3));
        first.stop();
        EXPECT_TRUE(co_await first.join());
        EXPECT_TRUE(co_await rest.join());
    };
    sync_wait(body());
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector{-1, 2, 3}));
}

TEST(coro_semaphore, does_not_lose_permits_that_came_before_the_stop) {
    semaphore s(0);
    auto const waits = [&]() -> task<result<semaphore::permit>> { co_return co_await s.acquire(); };
    auto const releases = [&]() -> task<> {
        static_cast<void>(co_await schedule());
        s.release();
    };
    auto const body = [&]() -> task<> {
        auto const any = co_await when_any(waits(), releases());
        EXPECT_EQ(any.first, 1u);
        EXPECT_TRUE(std::get<0>(any.results)); // it was granted before the stop
    };
    sync_wait(body());
    EXPECT_EQ(s.available(), 1u);
}

TEST(coro_semaphore, permits_go_back_once) {
    semaphore s(4);
    {
        auto two = s.try_acquire(2).or_throw("permits");
        auto one = s.try_acquire(1).or_throw("permit");
        EXPECT_EQ(s.available(), 1u);
        one = std::move(two);
        EXPECT_EQ(s.available(), 2u);
        EXPECT_EQ(one.count(), 2u);
        one.give_back();
        EXPECT_EQ(s.available(), 4u);
    }
    EXPECT_EQ(s.available(), 4u);
    EXPECT_EQ(s.try_acquire(3).or_throw("permits").keep(), 3u);
    EXPECT_EQ(s.available(), 1u);
}

TEST(coro_semaphore, is_not_waited_for_longer_than_told) {
    semaphore s(1);
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await timeout(s.acquire(2), 2ms)).error(), ETIME);
        EXPECT_TRUE(co_await timeout(s.acquire(1), 10s));
    };
    sync_wait(body());
    EXPECT_EQ(sync_wait(s.acquire(2), 1ms).error(), ETIME);
    EXPECT_EQ(s.available(), 1u);
}

// Timeouts race with releases by another thread: each permit is had by somebody, or free.
TEST(coro_semaphore, counts_right_when_timeouts_race_with_another_threads_releases) {
    semaphore s(0);
    constexpr std::size_t permits = 4'000;
    std::size_t had = 0;
    std::atomic<bool> over{false};
    std::thread giver([&] {
        for (std::size_t i = 0; i < permits; ++i) {
            s.release();
            if (i % 16 == 0)
                std::this_thread::sleep_for(50us);
        }
        over.store(true);
    });
    auto const taker = [&]() -> task<> {
        while (!over.load()) {
            auto permit = co_await timeout(s.acquire(), 60us);
            if (permit)
                had += permit->keep();
            else
                EXPECT_EQ(permit.error(), ETIME);
        }
    };
    auto const body = [&]() -> task<> { co_await when_all(taker(), taker(), taker()); };
    sync_wait(body());
    giver.join();
    EXPECT_EQ(had + s.available(), permits);
}

} // namespace
} // namespace rondo
