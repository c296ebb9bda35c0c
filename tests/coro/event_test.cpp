// SPDX-License-Identifier: MIT
#include <rondo/coro/barrier.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/event.hpp>
#include <rondo/coro/latch.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

task<> note_after(event& e, std::vector<int>& order, int who) {
    auto const waited = co_await e.wait();
    order.push_back(waited ? who : -who);
}

TEST(coro_event, lets_all_go_on_and_later_ones_not_wait_until_it_is_reset) {
    event e;
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        s.spawn(note_after(e, order, 1));
        s.spawn(note_after(e, order, 2));
        EXPECT_TRUE(order.empty());
        e.set();
        s.spawn(note_after(e, order, 3)); // at once
        EXPECT_EQ(order, std::vector{3});
        e.reset(); // who was let go on goes on all the same
        EXPECT_TRUE(co_await s.join());
        EXPECT_EQ((co_await timeout(e.wait(), 1ms)).error(), ETIME);
    };
    sync_wait(body());
    EXPECT_EQ(order, (std::vector{3, 1, 2}));
    EXPECT_FALSE(e.is_set());
}

TEST(coro_event, may_be_destroyed_once_it_was_set_though_who_waited_is_stopped) {
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        {
            auto const e = std::make_unique<event>();
            s.spawn(note_after(*e, order, 1));
            e->set();
        }
        s.stop();
        EXPECT_TRUE(co_await s.join());
    };
    sync_wait(body());
    EXPECT_EQ(order, std::vector{1});
}

TEST(coro_event, ends_the_wait_of_a_stopped_strand) {
    event e;
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        for (int i = 1; i <= 3; ++i)
            s.spawn(note_after(e, order, i));
        s.stop();
        EXPECT_TRUE(co_await s.join());
    };
    sync_wait(body());
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector{-3, -2, -1}));
}

TEST(coro_event, wakes_loops_and_threads_from_another_thread) {
    event e;
    std::atomic<int> woken{0};
    std::vector<std::thread> all;
    for (int i = 0; i < 3; ++i)
        all.emplace_back([&, i] {
            auto const body = [&]() -> task<result<>> { co_return co_await e.wait(); };
            if (i == 0 ? sync_wait(e.wait()) : sync_wait(body()))
                ++woken;
        });
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(woken.load(), 0);
    e.set();
    for (auto& t : all)
        t.join();
    EXPECT_EQ(woken.load(), 3);
}

TEST(coro_latch, opens_when_it_was_counted_down_by_all) {
    latch l(3);
    std::thread one([&] { l.count_down(); });
    std::thread two([&] { l.count_down(2); });
    auto const body = [&]() -> task<result<>> { co_return co_await l.wait(); };
    EXPECT_TRUE(sync_wait(body()));
    EXPECT_TRUE(l.is_open());
    one.join();
    two.join();
    EXPECT_TRUE(latch(0).is_open());
}

TEST(coro_barrier, keeps_parties_together_over_many_rounds_and_threads) {
    constexpr int rounds = 500;
    barrier b(4);
    std::array<std::atomic<int>, rounds> came{};
    auto const party = [&]() -> task<> {
        for (auto& count : came) {
            ++count;
            EXPECT_TRUE(co_await b.arrive_and_wait());
            EXPECT_EQ(count.load(), 4);
        }
    };
    auto const of_a_loop = [&] {
        auto const body = [&]() -> task<> { co_await when_all(party(), party()); };
        sync_wait(body());
    };
    std::thread one(of_a_loop);
    std::thread two([&] {
        for (auto& count : came) {
            ++count;
            EXPECT_TRUE(sync_wait(b.arrive_and_wait()));
        }
    });
    sync_wait(party());
    one.join();
    two.join();
}

TEST(coro_barrier, counts_who_was_stopped_as_not_having_come) {
    barrier b(2);
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await timeout(b.arrive_and_wait(), 1ms)).error(), ETIME);
        EXPECT_EQ((co_await timeout(b.arrive_and_wait(), 1ms)).error(), ETIME);
        b.leave();
        EXPECT_TRUE(co_await b.arrive_and_wait());
    };
    sync_wait(body());
}

TEST(coro_barrier, lets_the_others_go_on_when_one_leaves) {
    barrier b(3);
    auto const waits = [&]() -> task<result<>> { co_return co_await b.arrive_and_wait(); };
    auto const leaves = [&]() -> task<> {
        static_cast<void>(co_await schedule());
        b.leave();
    };
    auto const body = [&]() -> task<> {
        auto const [one, two, none] = co_await when_all(waits(), waits(), leaves());
        EXPECT_TRUE(one);
        EXPECT_TRUE(two);
    };
    sync_wait(body());
}

} // namespace
} // namespace rondo
