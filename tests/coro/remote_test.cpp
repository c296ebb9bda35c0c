// SPDX-License-Identifier: MIT

// What crosses threads: tasks sent to other loops, and stops from outside.

#include "other_thread.hpp"

#include <rondo/coro/combine.hpp>
#include <rondo/coro/remote.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using test::other_thread;

task<std::thread::id> thread_of() {
    (co_await op::nop{}).or_throw("nop");
    co_return std::this_thread::get_id();
}

task<result<>> sleeps(std::chrono::milliseconds time) { co_return co_await sleep_for(time); }

TEST(coro_on, runs_there_and_goes_on_here) {
    other_thread other;
    auto const body = [&]() -> task<> {
        auto const here = std::this_thread::get_id();
        auto const there = co_await on(other.where(), thread_of());
        EXPECT_NE(there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    sync_wait(body());
}

TEST(coro_on, brings_back_what_was_thrown) {
    other_thread other;
    auto const bad = []() -> task<> {
        static_cast<void>(co_await schedule());
        throw std::runtime_error("there");
    };
    auto const body = [&]() -> task<> { co_await on(other.where(), bad()); };
    EXPECT_THROW(sync_wait(body()), std::runtime_error);
}

TEST(coro_on, a_stop_goes_there_and_is_waited_for) {
    other_thread other;
    auto const body = [&]() -> task<result<>> {
        co_return co_await on(other.where(), sleeps(10s));
    };
    EXPECT_EQ(sync_wait(timeout(body(), 5ms)).error(), ETIME);
}

TEST(coro_on, stops_that_meet_the_end_lose_nothing) {
    other_thread other;
    auto const many = [&]() -> task<int> {
        int ended = 0;
        for (int i = 0; i < 2'000; ++i) {
            auto one = [&]() -> task<result<>> {
                co_return co_await on(other.where(), sleeps(0ms));
            };
            static_cast<void>(co_await timeout(one(), std::chrono::microseconds(i % 50)));
            ++ended;
        }
        co_return ended;
    };
    EXPECT_EQ(sync_wait(many()), 2'000);
}

TEST(coro_on, a_loop_may_end_when_the_task_on_it_is_over_though_a_stop_comes_later) {
    other_thread other;
    auto const ends_its_loop = [&]() -> task<result<>> {
        other.end_here();
        co_return result<>{};
    };
    auto const goes_there = [&]() -> task<result<>> {
        co_return co_await on(other.where(), ends_its_loop());
    };
    auto const body = [&]() -> task<result<>> {
        co_return co_await with_scope([&](scope& s) -> task<> {
            s.spawn(goes_there());
            other.join(); // so that nothing runs here before that loop is gone
            s.stop();
            co_return;
        });
    };
    EXPECT_TRUE(sync_wait(body()));
}

TEST(coro_with_stop, a_token_of_another_thread_stops_the_task) {
    std::stop_source source;
    std::jthread const later([&] {
        std::this_thread::sleep_for(5ms);
        source.request_stop();
    });
    auto const body = [&]() -> task<result<>> {
        co_return co_await with_stop(source.get_token(), sleeps(10s));
    };
    auto const ended = sync_wait(body());
    EXPECT_TRUE(!ended && ended.error().stopped());
}

TEST(coro_with_stop, a_token_that_was_stopped_before_stops_at_once) {
    std::stop_source source;
    source.request_stop();
    auto const body = [&]() -> task<result<>> {
        co_return co_await with_stop(source.get_token(), sleeps(10s));
    };
    EXPECT_TRUE(sync_wait(body()).error().stopped());
}

TEST(coro_with_stop, stops_that_meet_the_end_lose_nothing) {
    auto const body = []() -> task<int> {
        int ended = 0;
        for (int i = 0; i < 500; ++i) {
            std::stop_source source;
            std::jthread const later([&] { source.request_stop(); });
            static_cast<void>(co_await with_stop(source.get_token(), sleeps(0ms)));
            ++ended;
        }
        co_return ended;
    };
    EXPECT_EQ(sync_wait(body()), 500);
}

TEST(coro_shielded, is_finished_though_its_strand_was_stopped) {
    bool cleaned = false;
    auto const clean_up = [&]() -> task<> { cleaned = (co_await sleep_for(2ms)).has_value(); };
    auto const body = [&]() -> task<result<>> {
        auto const slept = co_await sleep_for(10s);
        co_await shielded(clean_up());
        co_return slept;
    };
    EXPECT_EQ(sync_wait(timeout(body(), 1ms)).error(), ETIME);
    EXPECT_TRUE(cleaned);
}

TEST(coro_shielded, a_stop_meanwhile_takes_effect_afterwards) {
    auto const work = []() -> task<bool> { co_return (co_await sleep_for(10ms)).has_value(); };
    auto const body = [&]() -> task<result<>> {
        EXPECT_TRUE(co_await shielded(work()));
        co_return co_await sleep_for(10s);
    };
    EXPECT_EQ(sync_wait(timeout(body(), 1ms)).error(), ETIME);
}

} // namespace
} // namespace rondo
