// SPDX-License-Identifier: MIT
// Whose end comes when: joins that meet new tasks, stops that meet ends, frames given back.
#include <rondo/coro/combine.hpp>
#include <rondo/coro/context.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

task<> counts(int& n) {
    ++n;
    co_return;
}
task<> counts_later(int& n) {
    static_cast<void>(co_await schedule());
    static_cast<void>(co_await schedule());
    ++n;
}
task<result<>> joins(scope& s) { co_return co_await s.join(); }

/// Spawns when all else is over, and the join is about to go on.
task<> spawns_late(scope& s, int& n, bool at_once) {
    for (int i = 0; i < 3; ++i) {
        if (at_once)
            s.spawn(counts(n));
        else
            s.spawn(counts_later(n));
    }
    co_return;
}

/// What the join of a scope waits for when other strands spawn into it just as it has run empty.
int joined_after(bool at_once) {
    int n = 0;
    int seen = -1;
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        s.spawn(counts_later(n));
        auto const other = [&]() -> task<> {
            static_cast<void>(co_await schedule());
            static_cast<void>(co_await schedule());
            co_await spawns_late(s, n, at_once);
        };
        auto const join = [&]() -> task<> {
            EXPECT_TRUE(co_await joins(s));
            seen = n;
        };
        co_await when_all(other(), join());
    };
    sync_wait(body());
    return seen;
}

TEST(coro_lifetime, a_join_waits_for_tasks_that_come_when_the_rest_are_over) {
    EXPECT_EQ(joined_after(false), 4);
}
TEST(coro_lifetime, a_join_goes_on_once_however_often_its_scope_runs_empty) {
    EXPECT_EQ(joined_after(true), 4);
}

TEST(coro_lifetime, a_context_that_is_joined_takes_many_short_tasks_meanwhile) {
    for (int round = 0; round < 20; ++round) {
        auto cx = context::create({.threads = 2}).or_throw("context");
        std::atomic<int> ran = 0;
        for (std::size_t i = 0; i < 2; ++i)
            ASSERT_TRUE(cx.spawn_on(i, [&cx, &ran, i]() -> task<> {
                for (int n = 0; n < 50; ++n) {
                    auto const more = [&ran]() -> task<> {
                        ++ran;
                        co_return;
                    };
                    EXPECT_TRUE(cx.spawn_on(1 - i, more));
                    EXPECT_TRUE(cx.spawn_on(i, more));
                    static_cast<void>(co_await schedule());
                }
            }));
        ASSERT_TRUE(cx.join());
        EXPECT_EQ(ran, 200);
    }
}

struct given_back {
    explicit given_back(int& count) : n(&count) { ++*n; }
    given_back(given_back&& other) noexcept : n(std::exchange(other.n, nullptr)) {}
    given_back& operator=(given_back&&) = delete;
    ~given_back() {
        if (n != nullptr)
            --*n;
    }
    int* n;
};

task<given_back> makes(int& n, bool throws) {
    given_back const local(n);
    static_cast<void>(co_await schedule());
    if (throws)
        throw std::runtime_error("as told");
    co_return given_back(n);
}

TEST(coro_lifetime, all_that_frames_hold_is_given_back_whatever_is_thrown) {
    int n = 0;
    for (int which = 0; which < 8; ++which) {
        auto const body = [&]() -> task<> {
            auto [a, b, c] = co_await when_all(
                makes(n, (which & 1) != 0), makes(n, (which & 2) != 0), makes(n, (which & 4) != 0));
            EXPECT_EQ(n, 3);
            static_cast<void>(a);
            static_cast<void>(b);
            static_cast<void>(c);
        };
        if (which == 0)
            sync_wait(body());
        else
            EXPECT_THROW(sync_wait(body()), std::runtime_error);
        EXPECT_EQ(n, 0) << which;
    }
}

TEST(coro_lifetime, a_request_that_is_never_awaited_gives_its_tasks_back) {
    int n = 0;
    auto const takes = [](given_back) -> task<> { co_return; };
    {
        auto const both = when_all(takes(given_back(n)), takes(given_back(n)));
        auto const shield = shielded(takes(given_back(n)));
        EXPECT_EQ(n, 3);
    }
    EXPECT_EQ(n, 0);
}

TEST(coro_lifetime, a_stop_inside_a_shield_takes_effect_after_it) {
    bool inside = false;
    bool after = false;
    auto const inner = [&]() -> task<> { inside = (co_await sleep_for(5ms)).has_value(); };
    auto const outer = [&]() -> task<result<>> {
        co_await shielded(inner());
        after = (co_await sleep_for(10s)).has_value();
        co_return fail(stopped_error());
    };
    EXPECT_EQ(sync_wait(timeout(outer(), 1ms)).error(), ETIME);
    EXPECT_TRUE(inside);
    EXPECT_FALSE(after);
}

TEST(coro_lifetime, a_scope_in_a_shield_is_stopped_when_the_shield_ends) {
    std::vector<bool> slept;
    auto const sleeper = [&](std::chrono::milliseconds time) -> task<> {
        slept.push_back((co_await sleep_for(time)).has_value());
    };
    auto const outer = [&]() -> task<result<>> {
        scope s{co_await this_strand()};
        s.spawn(sleeper(10s));
        auto const in_peace = [&]() -> task<> {
            static_cast<void>(co_await with_scope([&](scope& inner) -> task<> {
                inner.spawn(sleeper(5ms));
                co_return;
            }));
        };
        co_await shielded(in_peace());
        static_cast<void>(co_await s.join());
        co_return fail(stopped_error());
    };
    EXPECT_EQ(sync_wait(timeout(outer(), 1ms)).error(), ETIME);
    EXPECT_EQ(slept, (std::vector<bool>{true, false}));
}

TEST(coro_lifetime, a_stream_destroyed_at_work_is_no_operation_in_flight) {
    unique_fd const counter(::eventfd(0, EFD_CLOEXEC));
    auto on = loop::create().or_throw("loop");
    auto const body = [&]() -> task<> {
        auto const some = [&]() -> task<result<std::uint32_t>> {
            stream ready(co_await this_strand(),
                         op::poll_stream{.fd = counter.get(), .events = POLLIN});
            co_return co_await ready.next();
        };
        EXPECT_EQ((co_await timeout(some(), 1ms)).error(), ETIME);
        {
            EXPECT_EQ(::eventfd_write(counter.get(), 1), 0);
            stream ready(co_await this_strand(),
                         op::poll_stream{.fd = counter.get(), .events = POLLIN});
            EXPECT_TRUE(co_await ready.next());
        }
        EXPECT_EQ(on.in_flight(), 0u);
    };
    sync_wait(on, body());
    EXPECT_EQ(on.in_flight(), 0u);
}

/// A worker thread that is cancelled while it sleeps in open(2) of a FIFO is interrupted.
TEST(coro_lifetime, an_operation_of_a_worker_that_is_stopped_says_so) {
    std::string const path = "/tmp/rondo_lifetime_" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto const body = [&]() -> task<> {
        op::openat<> const opens{.path = path.c_str(), .flags = O_RDONLY | O_CLOEXEC};
        auto const late = co_await timeout(op::async(opens), 20ms);
        EXPECT_TRUE(!late && late.error() == ETIME)
            << (late ? "opened" : late.error().message().c_str());
    };
    sync_wait(body());
    ::unlink(path.c_str());
}

} // namespace
} // namespace rondo
