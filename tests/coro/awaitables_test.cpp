// SPDX-License-Identifier: MIT

// What else a task can wait for: signals, the end of a process, counters, words, descriptors.

#include <rondo/coro/combine.hpp>
#include <rondo/coro/signals.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <span>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rondo {
namespace {

using namespace std::chrono_literals;

TEST(coro_signals, are_values) {
    auto hup = signals::create({SIGHUP, SIGUSR1}).or_throw("signals");
    ::raise(SIGUSR1);
    EXPECT_EQ(sync_wait(hup.next()).value(), SIGUSR1);
    auto const late = sync_wait(timeout(hup.next(), 2ms));
    EXPECT_TRUE(!late && late.error() == ETIME);
    ::raise(SIGHUP);
    EXPECT_EQ(sync_wait(hup.next()).value(), SIGHUP);
}

TEST(coro_signals, that_do_not_exist_are_an_error) {
    auto const none = signals::create({12'345});
    EXPECT_TRUE(!none && none.error() == EINVAL);
}

TEST(coro_awaitables, the_end_of_a_child) {
    pid_t const child = ::fork();
    if (child == 0)
        ::_exit(7);
    auto const body = [&]() -> task<int> {
        siginfo_t info{};
        auto const ended =
            co_await op::waitid{.which = P_PID, .id = static_cast<id_t>(child), .into = &info};
        co_return ended ? info.si_status : -ended.error().code();
    };
    int const status = sync_wait(body());
    if (status == -EINVAL)
        GTEST_SKIP() << "waitid needs Linux 6.7";
    EXPECT_EQ(status, 7);
}

TEST(coro_awaitables, a_counter_a_descriptor_and_a_stop_of_both) {
    unique_fd counter(::eventfd(0, EFD_CLOEXEC));
    auto const count = [&]() -> task<result<std::uint64_t>> {
        std::uint64_t value = 0;
        std::span const into(reinterpret_cast<std::byte*>(&value), sizeof value);
        auto const n = co_await op::read{.fd = counter.get(), .into = into};
        if (!n)
            co_return fail(n.error());
        co_return value;
    };
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await timeout(count(), 2ms)).error(), ETIME);
        auto const any =
            co_await when_any(op::poll{.fd = counter.get(), .events = POLLIN}, sleep_for(2ms));
        EXPECT_EQ(any.first, 1u);
        EXPECT_EQ(::eventfd_write(counter.get(), 5), 0);
        auto const readable = co_await op::poll{.fd = counter.get(), .events = POLLIN};
        EXPECT_TRUE(readable);
        EXPECT_EQ((co_await count()).value(), 5u);
    };
    sync_wait(body());
}

} // namespace
} // namespace rondo
