// SPDX-License-Identifier: MIT
#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

struct pipe_ends {
    unique_fd in;
    unique_fd out;
    pipe_ends() {
        int both[2];
        if (::pipe(both) != 0)
            throw std::runtime_error("pipe");
        in.reset(both[0]);
        out.reset(both[1]);
    }
};

task<int> three() { co_return 3; }
task<int> sum_to(int n) {
    if (n == 0) // g++ 12 evaluates both sides of ?: with co_await in one
        co_return 0;
    co_return n + co_await sum_to(n - 1);
}
task<> throws() {
    (co_await op::nop{}).or_throw("nop");
    throw std::runtime_error("as told");
}

task<result<std::size_t>> read_some(int fd, std::span<std::byte> into) {
    co_return co_await op::read{.fd = fd, .into = into, .at = op::current_position};
}

task<result<>> sleeps(std::chrono::milliseconds time, std::vector<int>& order, int who) {
    auto const slept = co_await sleep_for(time);
    order.push_back(slept ? who : -who);
    co_return slept;
}

TEST(coro_task, gives_its_value_and_those_of_tasks_it_awaits) {
    EXPECT_EQ(sync_wait(three()), 3);
    EXPECT_EQ(sync_wait(sum_to(1'000)), 500'500);
}

TEST(coro_task, rethrows_what_was_thrown_where_it_is_awaited) {
    auto const outer = []() -> task<std::string> {
        try {
            co_await throws();
        } catch (std::runtime_error const& e) {
            co_return e.what();
        }
        co_return "nothing";
    };
    EXPECT_EQ(sync_wait(outer()), "as told");
    EXPECT_THROW(sync_wait(throws()), std::runtime_error);
}

TEST(coro_task, that_is_never_started_leaves_nothing_behind) {
    auto const t = three();
    static_cast<void>(t);
}

TEST(coro_task, awaits_a_million_tasks_one_after_another_without_growing_the_stack) {
    auto const many = []() -> task<int> {
        int n = 0;
        for (int i = 0; i < 1'000'000; ++i)
            n += co_await three();
        co_return n;
    };
    EXPECT_EQ(sync_wait(many()), 3'000'000);
}

TEST(coro_operation, delivers_values_and_errors_as_the_kernel_has_them) {
    auto const body = []() -> task<> {
        pipe_ends p;
        std::array<std::byte, 4> const data{std::byte{1}, std::byte{2}};
        auto const written =
            co_await op::write{.fd = p.out.get(), .from = data, .at = op::current_position};
        EXPECT_EQ(written.value(), 4u);
        std::array<std::byte, 8> into{};
        EXPECT_EQ((co_await read_some(p.in.get(), into)).value(), 4u);
        EXPECT_EQ(into[1], std::byte{2});
        auto const bad = co_await read_some(-1, into);
        EXPECT_TRUE(!bad && bad.error() == EBADF && !bad.error().stopped());
    };
    sync_wait(body());
}

TEST(coro_chain, gives_the_result_of_each_operation) {
    auto const body = []() -> task<> {
        auto const [a, b, c] = co_await op::link(op::nop{}, op::close{.fd = -1}, op::nop{});
        EXPECT_TRUE(a);
        EXPECT_TRUE(!b && b.error() == EBADF);
        EXPECT_TRUE(!c && c.error() == ECANCELED && !c.error().stopped());
    };
    sync_wait(body());
}

TEST(coro_scope, stops_the_others_when_one_fails_and_gives_its_error) {
    std::vector<int> order;
    auto const fails = []() -> task<result<>> {
        static_cast<void>(co_await schedule());
        co_return fail(EIO, attempt::read);
    };
    auto const body = [&]() -> task<result<>> {
        co_return co_await with_scope([&](scope& s) -> task<> {
            s.spawn(sleeps(10s, order, 1));
            s.spawn(fails());
            co_return;
        });
    };
    auto const joined = sync_wait(body());
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error(), EIO);
    EXPECT_EQ(order, std::vector{-1});
}

TEST(coro_scope, collects_all_errors_when_told_to) {
    auto const fails = [](int code) -> task<result<>> {
        static_cast<void>(co_await schedule());
        co_return fail(code, attempt::read);
    };
    auto const body = [&]() -> task<std::size_t> {
        scope s{co_await this_strand(), on_failure::collect};
        for (int code = 1; code <= 5; ++code)
            s.spawn(fails(code));
        EXPECT_EQ((co_await s.join()).error(), 1);
        co_return s.errors().size();
    };
    EXPECT_EQ(sync_wait(body()), 5u);
}

TEST(coro_scope, throws_what_a_task_threw_after_all_are_over) {
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        static_cast<void>(co_await with_scope([&](scope& s) -> task<> {
            s.spawn(throws());
            s.spawn(sleeps(10s, order, 1));
            co_return;
        }));
    };
    EXPECT_THROW(sync_wait(body()), std::runtime_error);
    EXPECT_EQ(order, std::vector{-1});
}

TEST(coro_scope, of_a_stopped_strand_stops_its_tasks_and_their_operations) {
    pipe_ends p;
    std::array<std::byte, 8> into{};
    bool stopped = false;
    auto const reader = [&]() -> task<> {
        auto const got = co_await read_some(p.in.get(), into);
        stopped = !got && got.error().stopped();
    };
    auto const nested = [&]() -> task<result<>> {
        co_return co_await with_scope([&](scope& s) -> task<> {
            s.spawn(reader());
            co_return;
        });
    };
    EXPECT_FALSE(sync_wait(timeout(nested(), 10ms)).has_value() && !stopped);
    EXPECT_TRUE(stopped);
}

TEST(coro_when_all, gives_every_value) {
    auto const body = []() -> task<> {
        auto [a, b, c] = co_await when_all(three(), op::nop{}, sleep_for(1ms));
        EXPECT_EQ(a, 3);
        EXPECT_TRUE(b);
        EXPECT_TRUE(c);
    };
    sync_wait(body());
}

TEST(coro_when_all, stops_the_rest_and_throws_when_one_throws) {
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        co_await when_all(sleeps(10s, order, 1), throws(), sleeps(10s, order, 2));
    };
    EXPECT_THROW(sync_wait(body()), std::runtime_error);
    EXPECT_EQ(order.size(), 2u);
}

TEST(coro_when_any, stops_and_awaits_who_lost_and_gives_all_results) {
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto const any =
            co_await when_any(sleeps(10s, order, 1), sleeps(1ms, order, 2), sleeps(9s, order, 3));
        EXPECT_EQ(any.first, 1u);
        EXPECT_TRUE(std::get<0>(any.results).error().stopped());
        EXPECT_TRUE(std::get<1>(any.results));
        EXPECT_TRUE(std::get<2>(any.results).error().stopped());
    };
    sync_wait(body());
    EXPECT_EQ(order.size(), 3u);
}

TEST(coro_when_any, with_a_winner_that_never_waits_stops_those_yet_to_begin) {
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto const any = co_await when_any(three(), sleeps(10s, order, 1));
        EXPECT_EQ(any.first, 0u);
    };
    sync_wait(body());
    EXPECT_EQ(order, std::vector{-1});
}

TEST(coro_timeout, of_an_operation_is_etime_and_its_result_if_that_came) {
    auto const body = []() -> task<> {
        pipe_ends p;
        std::array<std::byte, 8> into{};
        op::read const forever{.fd = p.in.get(), .into = into, .at = op::current_position};
        auto const late = co_await timeout(forever, 5ms);
        EXPECT_TRUE(!late && late.error() == ETIME);
        EXPECT_TRUE(co_await timeout(op::nop{}, 10s));
    };
    sync_wait(body());
}

TEST(coro_timeout, of_a_task_is_etime_and_its_value_if_that_came) {
    std::vector<int> order;
    EXPECT_EQ(sync_wait(timeout(sleeps(10s, order, 1), 5ms)).error(), ETIME);
    EXPECT_TRUE(sync_wait(timeout(sleeps(1ms, order, 2), 10s)));
    EXPECT_EQ(order, (std::vector{-1, 2}));
}

TEST(coro_stop, ends_what_is_awaited_after_it_too) {
    int failures = 0;
    auto const stubborn = [&]() -> task<result<>> {
        for (int i = 0; i < 3; ++i)
            failures += (co_await sleep_for(10s)) ? 0 : 1;
        failures += (co_await op::nop{}) ? 0 : 1;
        failures += (co_await schedule()) ? 0 : 1;
        co_return fail(stopped_error());
    };
    EXPECT_EQ(sync_wait(timeout(stubborn(), 1ms)).error(), ETIME);
    EXPECT_EQ(failures, 5);
}

TEST(coro_frames, are_used_again) {
    auto const many = []() -> task<> {
        for (int i = 0; i < 1'000; ++i)
            static_cast<void>(co_await three());
    };
    sync_wait(many());
    std::size_t const before = frames_allocated();
    sync_wait(many());
    EXPECT_LE(frames_allocated() - before, 1u);
}

} // namespace
} // namespace rondo
