// SPDX-License-Identifier: MIT
#include <rondo/coro/context.hpp>
#include <rondo/coro/remote.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <sched.h>
#include <set>
#include <stdexcept>
#include <thread>

namespace rondo {
namespace {

using namespace std::chrono_literals;

TEST(coro_context, runs_tasks_on_all_its_threads) {
    auto cx = context::create({.threads = 3}).or_throw("context");
    std::mutex lock;
    std::set<std::thread::id> seen;
    for (int i = 0; i < 30; ++i)
        ASSERT_TRUE(cx.spawn([&]() -> task<> {
            (co_await op::nop{}).or_throw("nop");
            std::scoped_lock const held(lock);
            seen.insert(std::this_thread::get_id());
        }));
    ASSERT_TRUE(cx.join());
    EXPECT_EQ(seen.size(), 3u);
}

TEST(coro_context, stop_ends_what_runs_and_what_comes_later) {
    auto cx = context::create({.threads = 2}).or_throw("context");
    std::atomic<int> stopped = 0;
    auto const sleeper = [&]() -> task<> {
        if (auto const slept = co_await sleep_for(10s); !slept && slept.error().stopped())
            ++stopped;
    };
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(cx.spawn(sleeper));
    cx.stop();
    ASSERT_TRUE(cx.spawn(sleeper));
    EXPECT_TRUE(cx.join());
    EXPECT_EQ(stopped, 11);
}

TEST(coro_context, a_failure_on_one_thread_stops_all_and_reaches_the_owner) {
    auto cx = context::create({.threads = 2}).or_throw("context");
    ASSERT_TRUE(cx.spawn_on(0, []() -> task<> { static_cast<void>(co_await sleep_for(100s)); }));
    ASSERT_TRUE(cx.spawn_on(1, []() -> task<result<>> { co_return fail(EIO, attempt::read); }));
    auto const ended = cx.join();
    EXPECT_TRUE(!ended && ended.error() == EIO);
}

TEST(coro_context, an_exception_on_one_thread_is_thrown_to_the_owner) {
    auto cx = context::create({.threads = 2}).or_throw("context");
    ASSERT_TRUE(cx.spawn_on(0, []() -> task<> { static_cast<void>(co_await sleep_for(100s)); }));
    ASSERT_TRUE(cx.spawn_on(1, []() -> task<> {
        static_cast<void>(co_await schedule());
        throw std::runtime_error("on thread 1");
    }));
    EXPECT_THROW(static_cast<void>(cx.join()), std::runtime_error);
}

TEST(coro_context, threads_stay_where_they_were_pinned) {
    auto cx = context::create({.threads = 2, .pinned = true}).or_throw("context");
    std::atomic<int> pinned = 0;
    for (std::size_t i = 0; i < cx.size(); ++i)
        ASSERT_TRUE(cx.spawn_on(i, [&]() -> task<> {
            cpu_set_t set;
            pinned += ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1 ? 1 : 0;
            co_return;
        }));
    EXPECT_TRUE(cx.join());
    EXPECT_EQ(pinned, 2);
}

TEST(coro_context, after_join_nothing_is_taken) {
    auto cx = context::create({.threads = 1}).or_throw("context");
    EXPECT_TRUE(cx.join());
    auto const late = cx.spawn([]() -> task<> { co_return; });
    EXPECT_TRUE(!late && late.error().why() == cause::ended);
}

TEST(coro_context, its_destructor_stops_and_waits) {
    std::atomic<bool> ended = false;
    {
        auto cx = context::create({.threads = 2}).or_throw("context");
        ASSERT_TRUE(cx.spawn([&]() -> task<> {
            static_cast<void>(co_await sleep_for(100s));
            ended = true;
        }));
    }
    EXPECT_TRUE(ended);
}

TEST(coro_context, options_that_no_ring_can_have_are_an_error) {
    auto const cx = context::create({.threads = 2, .loop = {.ring = {.entries = 1u << 30}}});
    EXPECT_FALSE(cx);
}

TEST(coro_context, the_default_one_is_made_once_and_runs_tasks) {
    auto* const cx = default_context().or_throw("context");
    EXPECT_EQ(cx, default_context().or_throw("context"));
    std::atomic<bool> ran = false;
    ASSERT_TRUE(cx->spawn([&]() -> task<> {
        (co_await op::nop{}).or_throw("nop");
        ran = true;
        ran.notify_one();
    }));
    ran.wait(false);
    EXPECT_TRUE(ran);
}

TEST(coro_context, what_others_spawn_while_it_is_joined_runs_or_is_refused) {
    auto const yields = []() -> task<> { static_cast<void>(co_await schedule()); };
    for (int i = 0; i < 200; ++i) {
        auto cx = context::create({.threads = 2}).or_throw("context");
        std::atomic<int> ran = 0;
        int accepted = 0; // the other thread's
        std::thread other([&] {
            for (int k = 0; k < 6; ++k) {
                auto const spawned = cx.spawn_on(0, [&]() -> task<> {
                    co_await on(cx.at(1), yields());
                    ++ran;
                });
                if (!spawned) {
                    EXPECT_EQ(spawned.error().why(), cause::ended);
                    return;
                }
                ++accepted;
                std::this_thread::sleep_for(std::chrono::microseconds(i));
            }
        });
        std::this_thread::sleep_for(200us);
        EXPECT_TRUE(cx.join());
        other.join();
        EXPECT_EQ(ran, accepted);
    }
}

TEST(coro_context, tasks_go_from_loop_to_loop) {
    auto cx = context::create({.threads = 2}).or_throw("context");
    std::atomic<int> hops = 0;
    ASSERT_TRUE(cx.spawn_on(0, [&]() -> task<> {
        for (int i = 0; i < 500; ++i)
            hops += co_await on(cx.at(1), [](int n) -> task<int> {
                (co_await op::nop{}).or_throw("nop");
                co_return n - n + 1;
            }(i));
    }));
    EXPECT_TRUE(cx.join());
    EXPECT_EQ(hops, 500);
}

} // namespace
} // namespace rondo
