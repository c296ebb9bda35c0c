// SPDX-License-Identifier: MIT

// co_await schedule(): the end of the line of what is ready.

#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

TEST(coro_schedule, goes_on_after_all_that_was_ready_before_and_in_turn) {
    std::vector<int> order;
    auto const steps = [&](int who) -> task<> {
        for (int i = 0; i < 3; ++i) {
            order.push_back(who);
            static_cast<void>(co_await schedule());
        }
    };
    auto const body = [&]() -> task<> { co_await when_all(steps(1), steps(2), steps(3)); };
    sync_wait(body());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

TEST(coro_schedule, never_goes_on_in_place_even_when_nothing_else_is_ready) {
    std::vector<int> order;
    auto const yields = [&]() -> task<> {
        order.push_back(1);
        static_cast<void>(co_await schedule());
        order.push_back(3);
    };
    auto const body = [&]() -> task<result<>> {
        scope s{co_await this_strand()};
        s.spawn(yields());
        order.push_back(2);
        co_return co_await s.join();
    };
    EXPECT_TRUE(sync_wait(body()));
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(coro_schedule, is_an_error_where_the_strand_was_stopped) {
    auto const yields = []() -> task<result<>> {
        for (;;)
            if (auto const went_on = co_await schedule(); !went_on)
                co_return went_on;
    };
    auto const body = [&]() -> task<bool> {
        scope s{co_await this_strand()};
        error why;
        auto const notes = [&]() -> task<> { why = (co_await yields()).error(); };
        s.spawn(notes());
        s.stop();
        EXPECT_TRUE(co_await s.join());
        co_return why.stopped();
    };
    EXPECT_TRUE(sync_wait(body()));
}

TEST(coro_schedule, over_and_over_keeps_neither_operations_nor_timers_waiting) {
    bool over = false;
    auto const yields = [&]() -> task<> {
        while (!over)
            static_cast<void>(co_await schedule());
    };
    auto const waits = [&]() -> task<result<>> {
        static_cast<void>(co_await op::nop{});
        auto const slept = co_await sleep_for(1ms);
        over = true;
        co_return slept;
    };
    auto const body = [&]() -> task<> {
        auto const [a, b] = co_await when_all(waits(), yields());
        EXPECT_TRUE(a);
    };
    sync_wait(body());
}

} // namespace
} // namespace rondo
