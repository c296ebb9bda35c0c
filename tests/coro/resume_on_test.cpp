// SPDX-License-Identifier: MIT

// Strands that move from loop to loop: where they go on, what comes home, and what stops them.

#include "other_thread.hpp"

#include <rondo/coro/combine.hpp>
#include <rondo/coro/context.hpp>
#include <rondo/coro/remote.hpp>
#include <rondo/coro/resume_on.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using test::other_thread;

std::thread::id here() { return std::this_thread::get_id(); }

struct move_strand {
    task<result<>> operator()(loop& to) const { co_return co_await resume_on(to); }
};
constexpr move_strand moves_to;

TEST(coro_resume_on, goes_on_there_and_what_it_awaits_is_of_that_loop) {
    other_thread other;
    auto const body = [&]() -> task<std::thread::id> {
        auto const before = here();
        (co_await resume_on(other.where())).or_throw("there");
        EXPECT_NE(here(), before);
        EXPECT_EQ(&(co_await this_strand()).where(), &other.where());
        (co_await op::nop{}).or_throw("nop");
        (co_await sleep_for(1ms)).or_throw("sleep");
        EXPECT_EQ(loop::current(), &other.where());
        co_return here();
    };
    EXPECT_NE(sync_wait(body()), here());
}

TEST(coro_resume_on, takes_those_along_that_wait_for_the_task_on_its_strand) {
    other_thread other;
    auto const body = [&]() -> task<> {
        auto& home = (co_await this_strand()).where();
        auto const before = here();
        (co_await moves_to(other.where())).or_throw("there");
        EXPECT_NE(here(), before);
        (co_await moves_to(home)).or_throw("back");
        EXPECT_EQ(here(), before);
    };
    sync_wait(body());
}

TEST(coro_resume_on, goes_to_and_fro_and_further_as_often_as_it_likes) {
    other_thread one;
    other_thread two;
    auto const body = [&]() -> task<int> {
        auto& home = (co_await this_strand()).where();
        int moves = 0;
        for (int i = 0; i < 500; ++i)
            for (loop* to : {&one.where(), &two.where(), &one.where(), &home}) {
                (co_await resume_on(*to)).or_throw("move");
                moves += loop::current() == to ? 1 : 0;
            }
        co_return moves;
    };
    EXPECT_EQ(sync_wait(body()), 2'000);
}

TEST(coro_resume_on, where_it_is_already_goes_on_at_once) {
    bool others_ran = false;
    auto const other = [&]() -> task<> {
        static_cast<void>(co_await schedule());
        others_ran = true;
    };
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        s.spawn(other());
        (co_await resume_on((co_await this_strand()).where())).or_throw("here");
        EXPECT_FALSE(others_ran);
        (co_await s.join()).or_throw("joined");
    };
    sync_wait(body());
    EXPECT_TRUE(others_ran);
}

TEST(coro_resume_on, brings_home_what_was_thrown_elsewhere) {
    other_thread other;
    auto const body = [&]() -> task<std::unique_ptr<int>> {
        (co_await resume_on(other.where())).or_throw("there");
        throw std::runtime_error("there");
    };
    EXPECT_THROW(sync_wait(body()), std::runtime_error);
}

TEST(coro_resume_on, tasks_of_a_scope_end_elsewhere_and_are_joined_at_home) {
    other_thread other;
    int ended = 0; // of this thread
    auto const goes = [&](int i) -> task<result<>> {
        (co_await resume_on(other.where())).or_throw("there");
        if (i % 3 == 0)
            static_cast<void>(co_await schedule());
        co_return result<>{};
    };
    auto const body = [&]() -> task<> {
        (co_await with_scope([&](scope& s) -> task<> {
            for (int i = 0; i < 300; ++i)
                s.spawn(goes(i));
            co_return;
        })).or_throw("joined");
        ++ended;
    };
    sync_wait(body());
    EXPECT_EQ(ended, 1);
}

TEST(coro_resume_on, one_that_fails_elsewhere_stops_the_others_wherever_they_are) {
    other_thread one;
    other_thread two;
    auto const sleeps = [](loop& where) -> task<result<>> {
        (co_await resume_on(where)).or_throw("there");
        co_return co_await sleep_for(10s);
    };
    auto const fails = [](loop& where) -> task<result<>> {
        (co_await resume_on(where)).or_throw("there");
        static_cast<void>(co_await sleep_for(2ms));
        co_return fail(EIO, attempt::read);
    };
    auto const body = [&]() -> task<result<>> {
        co_return co_await with_scope([&](scope& s) -> task<> {
            s.spawn(sleeps(one.where()));
            s.spawn(sleeps(two.where()));
            s.spawn(fails(two.where()));
            co_return;
        });
    };
    EXPECT_EQ(sync_wait(body()).error(), EIO);
}

TEST(coro_resume_on, values_of_when_all_and_when_any_come_from_all_threads) {
    other_thread other;
    auto const number = [](loop& where, int n) -> task<int> {
        (co_await resume_on(where)).or_throw("there");
        co_return n;
    };
    auto const late = [](loop& where) -> task<result<>> {
        (co_await resume_on(where)).or_throw("there");
        co_return co_await sleep_for(10s);
    };
    auto const body = [&]() -> task<> {
        auto& home = (co_await this_strand()).where();
        auto const [a, b] = co_await when_all(number(other.where(), 1), number(home, 2));
        EXPECT_EQ(a + b, 3);
        auto const any = co_await when_any(late(other.where()), number(other.where(), 4));
        EXPECT_EQ(any.first, 1u);
        EXPECT_TRUE(std::get<0>(any.results).error().stopped());
    };
    sync_wait(body());
}

TEST(coro_resume_on, a_timeout_at_home_ends_what_waits_elsewhere) {
    other_thread other;
    auto const body = [&]() -> task<result<>> {
        (co_await resume_on(other.where())).or_throw("there");
        co_return co_await sleep_for(10s);
    };
    EXPECT_EQ(sync_wait(timeout(body(), 5ms)).error(), ETIME);
}

TEST(coro_resume_on, a_stopped_strand_stays_where_it_is) {
    other_thread other;
    auto const body = [&]() -> task<result<>> {
        static_cast<void>(co_await sleep_for(10s));
        auto const before = here();
        auto const moved = co_await resume_on(other.where());
        EXPECT_EQ(here(), before);
        co_return moved;
    };
    auto const stopped = [&]() -> task<bool> {
        std::stop_source source;
        source.request_stop();
        auto const ended = co_await with_stop(source.get_token(), body());
        co_return !ended && ended.error().stopped();
    };
    EXPECT_TRUE(sync_wait(stopped()));
}

TEST(coro_resume_on, a_shielded_one_goes_home_though_it_was_stopped_elsewhere) {
    other_thread other;
    auto const body = [&](loop& home) -> task<result<>> {
        (co_await resume_on(other.where())).or_throw("there");
        auto const slept = co_await sleep_for(10s);
        EXPECT_FALSE(co_await resume_on(home));
        EXPECT_EQ(loop::current(), &other.where());
        EXPECT_TRUE(co_await shielded(moves_to(home)));
        EXPECT_EQ(loop::current(), &home);
        co_return slept;
    };
    auto const outer = [&]() -> task<result<>> {
        co_return co_await timeout(body((co_await this_strand()).where()), 2ms);
    };
    EXPECT_EQ(sync_wait(outer()).error(), ETIME);
}

TEST(coro_resume_on, a_strand_that_is_away_may_stop_itself) {
    other_thread other;
    auto const body = [&]() -> task<result<>> {
        (co_await resume_on(other.where())).or_throw("there");
        (co_await this_strand()).request_stop();
        co_return co_await sleep_for(10s);
    };
    EXPECT_TRUE(sync_wait(body()).error().stopped());
}

TEST(coro_resume_on, a_scope_may_be_opened_and_joined_elsewhere) {
    other_thread other;
    auto const body = [&]() -> task<int> {
        (co_await resume_on(other.where())).or_throw("there");
        int ran = 0; // of that thread
        auto const counts = [&]() -> task<> {
            static_cast<void>(co_await schedule());
            ran += loop::current() == &other.where() ? 1 : 0;
        };
        (co_await with_scope([&](scope& s) -> task<> {
            s.spawn(counts());
            s.spawn(counts());
            co_return;
        })).or_throw("joined");
        co_return ran;
    };
    EXPECT_EQ(sync_wait(body()), 2);
}

TEST(coro_resume_on, a_task_that_was_sent_to_one_loop_may_move_to_another) {
    other_thread one;
    other_thread two;
    auto const sleeps = [&]() -> task<result<>> {
        EXPECT_EQ(loop::current(), &one.where());
        (co_await resume_on(two.where())).or_throw("further");
        co_return co_await sleep_for(10s);
    };
    auto const body = [&]() -> task<result<>> {
        auto const ended = co_await on(one.where(), sleeps());
        EXPECT_TRUE(ended.error().stopped());
        EXPECT_EQ(loop::current(), &(co_await this_strand()).where());
        co_return ended;
    };
    EXPECT_EQ(sync_wait(timeout(body(), 5ms)).error(), ETIME);
}

TEST(coro_resume_on, stops_that_meet_moves_and_ends_lose_nothing) {
    other_thread one;
    other_thread two;
    auto const wanders = [&](loop& home, int i) -> task<result<>> {
        for (loop* to : {&one.where(), &two.where(), &one.where(), &home, &two.where()}) {
            if (auto const moved = co_await resume_on(*to); !moved)
                co_return moved;
            if (i % 3 == 0)
                static_cast<void>(co_await schedule());
        }
        co_return result<>{};
    };
    auto const many = [&]() -> task<int> {
        auto& home = (co_await this_strand()).where();
        int ended = 0;
        for (int i = 0; i < 2'000; ++i) {
            auto const one_ended =
                co_await timeout(wanders(home, i), std::chrono::microseconds(i % 100));
            ended += one_ended || one_ended.error() == ETIME ? 1 : 0;
        }
        co_return ended;
    };
    EXPECT_EQ(sync_wait(many()), 2'000);
}

TEST(coro_resume_on, tokens_of_other_threads_find_a_strand_wherever_it_is) {
    other_thread one;
    other_thread two;
    auto const wanders = [&]() -> task<result<>> {
        for (int i = 0;; ++i) {
            loop& to = i % 2 == 0 ? one.where() : two.where();
            if (auto const moved = co_await resume_on(to); !moved)
                co_return moved;
        }
    };
    auto const body = [&]() -> task<int> {
        int stopped = 0;
        for (int i = 0; i < 100; ++i) {
            std::stop_source source;
            std::jthread const later([&] { source.request_stop(); });
            auto const ended = co_await with_stop(source.get_token(), wanders());
            stopped += ended.error().stopped() ? 1 : 0;
        }
        co_return stopped;
    };
    EXPECT_EQ(sync_wait(body()), 100);
}

TEST(coro_resume_on, a_loop_may_end_when_the_strand_has_left_it) {
    other_thread other;
    auto const visits = [&](loop& home) -> task<result<>> {
        (co_await resume_on(other.where())).or_throw("there");
        other.end_here();
        (co_await resume_on(home)).or_throw("back");
        co_return co_await sleep_for(10s);
    };
    auto const body = [&]() -> task<result<>> {
        auto& home = (co_await this_strand()).where();
        co_return co_await with_scope([&](scope& s) -> task<> {
            s.spawn(visits(home));
            static_cast<void>(co_await schedule());
            other.join(); // so that it is on its way home when it is stopped
            s.stop();
        });
    };
    EXPECT_TRUE(sync_wait(body()));
}

TEST(coro_resume_on, a_stop_from_outside_of_the_loops_that_one_thread_drives_goes_there) {
    auto home = loop::create().or_throw("loop");
    auto other = loop::create().or_throw("loop");
    loop_scope tasks(home);
    bool there = false;
    error why;
    auto const goes = [&]() -> task<> {
        (co_await resume_on(other)).or_throw("there");
        there = loop::current() == &other;
        why = (co_await sleep_for(10s)).error();
    };
    tasks.spawn(goes());
    auto const turns = [&] {
        for (int i = 0; i < 5; ++i)
            for (loop* l : {&home, &other})
                l->run_ready().or_throw("turn");
    };
    turns();
    EXPECT_TRUE(there);
    EXPECT_EQ(tasks.running(), 1u);
    tasks.stop();
    turns();
    EXPECT_EQ(tasks.running(), 0u);
    EXPECT_TRUE(why.stopped());
}

TEST(coro_resume_on, tasks_of_a_context_wander_among_its_threads) {
    auto cx = context::create({.threads = 3}).or_throw("context");
    std::atomic<int> ended = 0;
    auto const wanders = [&](std::size_t i) -> task<> {
        for (std::size_t k = 0; k < 20; ++k)
            (co_await resume_on(cx.at((i + k) % cx.size()))).or_throw("move");
        ++ended;
    };
    for (std::size_t i = 0; i < 50; ++i)
        cx.spawn([&, i] { return wanders(i); }).or_throw("spawn");
    cx.join().or_throw("join");
    EXPECT_EQ(ended, 50);
}

} // namespace
} // namespace rondo
