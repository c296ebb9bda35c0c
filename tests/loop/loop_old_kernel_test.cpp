// SPDX-License-Identifier: MIT
// Loops on kernels that lack what came later: deadlines of waits (5.11), messages between rings
// (5.18), deferred work (6.1).
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <support/old_kernel.hpp>
#include <support/pipe_pair.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <poll.h>
#include <span>
#include <string>
#include <thread>
#include <unistd.h>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

class an_old_loop : public ::testing::TestWithParam<version> {
protected:
    void SetUp() override { RONDO_NEEDS_KERNEL("kernel to be taken for an older one"); }
    loop make() {
        loop_options options{};
        options.ring.backend = &kernel_;
        return loop::create(options).or_throw("loop");
    }

private:
    old_kernel kernel_{GetParam()};
};

TEST_P(an_old_loop, sleeps_until_a_timer_is_due) {
    loop on = make();
    auto const begin = std::chrono::steady_clock::now();
    sync_wait(on, []() -> task<> { EXPECT_TRUE(co_await sleep_for(5ms)); }());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 5ms);
    EXPECT_LT(on.statistics().enters, 20u);
}

TEST_P(an_old_loop, wakes_up_for_a_completion_before_a_timer) {
    loop on = make();
    pipe_pair const p;
    auto const reader = [&]() -> task<> {
        char byte = 0;
        op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
        auto const n = co_await timeout(reading, 30s);
        EXPECT_TRUE(n && *n == 1 && byte == 'x');
    };
    std::jthread const writer([&] {
        std::this_thread::sleep_for(5ms);
        EXPECT_EQ(::write(p.in.get(), "x", 1), 1);
    });
    sync_wait(on, reader());
}

TEST_P(an_old_loop, ends_what_takes_too_long) {
    loop on = make();
    pipe_pair const p;
    auto const reader = [&]() -> task<> {
        char byte = 0;
        op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
        auto const n = co_await timeout(reading, 5ms);
        EXPECT_TRUE(!n && n.error() == ETIME) << n.error().message().c_str();
    };
    sync_wait(on, reader());
}

TEST_P(an_old_loop, brings_its_driver_back_for_a_timer_that_is_due_sooner) {
    struct rings : timer {
        rings() noexcept : timer([](timer& t) noexcept { static_cast<rings&>(t).rang = true; }) {}
        bool rang = false;
    };
    loop on = make();
    rings late, early;
    constexpr std::int64_t ms = 1'000'000;
    on.timers().arm(late, on.now() + 30'000 * ms);
    on.run_ready().or_throw("run_ready");
    on.timers().arm(early, on.now() + 5 * ms);
    on.run_ready().or_throw("run_ready");
    for (int turns = 0; !early.rang && turns < 100; ++turns) {
        ::pollfd one{.fd = on.native_handle(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&one, 1, 10'000), 1);
        on.run_ready().or_throw("run_ready");
    }
    EXPECT_TRUE(early.rang);
    on.timers().disarm(late);
}

INSTANTIATE_TEST_SUITE_P(linux, an_old_loop,
                         ::testing::Values(version{5, 6}, version{5, 10}, version{5, 11},
                                           version{5, 15}, version{6, 0}, version{6, 1}),
                         [](auto const& of) {
                             return std::to_string(of.param.major) + "_" +
                                    std::to_string(of.param.minor);
                         });

} // namespace
} // namespace rondo::test
