// SPDX-License-Identifier: MIT
// sync_wait() on a ring that fails: it throws, and leaves nothing behind in the loop.
#include <rondo/coro/chain.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace rondo::test {
namespace {

TEST(coro_sync_wait, throws_when_the_ring_fails_and_its_task_is_over_by_then) {
    faulty_kernel kernel;
    loop_options options{};
    options.ring.backend = &kernel;
    loop on = loop::create(options).or_throw("loop");
    pipe_pair const p;
    char byte = 0;
    result<std::size_t> n = 0u;
    auto const body = [&]() -> task<> {
        kernel.faults = {{EBADF}}; // once: the next enter
        op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
        n = co_await reading;
    };
    EXPECT_THROW(sync_wait(on, body()), std::system_error);
    EXPECT_TRUE(!n && n.error().why() == cause::stopped) << n.error().message().c_str();
    EXPECT_EQ(on.in_flight(), 0u);
    sync_wait(on, [&]() -> task<> { EXPECT_TRUE(co_await schedule()); }());
}

TEST(coro_sync_wait, throws_when_the_ring_fails_before_its_task_began) {
    faulty_kernel kernel;
    loop_options options{};
    options.ring.backend = &kernel;
    loop on = loop::create(options).or_throw("loop");
    int begun = 0;
    auto const body = [&]() -> task<> {
        ++begun;
        EXPECT_FALSE(co_await schedule());
    };
    kernel.faults = {{EBADF}}; // once: the first enter
    EXPECT_THROW(sync_wait(on, body()), std::system_error);
    EXPECT_EQ(begun, 1);
    on.run_ready().or_throw("run_ready");
    EXPECT_EQ(begun, 1);
}

/// Fails from some moment on, for so many enters.
class failing_kernel final : public wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        if (failures != 0) {
            --failures;
            return -EBADF;
        }
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    int failures = 0;
};
constexpr int for_ever = 1'000'000'000;

/// A loop on such a kernel.
struct failing_loop {
    failing_kernel kernel;
    loop on = [&] {
        loop_options options{};
        options.ring.backend = &kernel;
        return loop::create(options).or_throw("loop");
    }();
};

TEST(coro_sync_wait, throws_when_the_ring_never_works_again_if_its_task_needs_it_no_more) {
    failing_loop l;
    result<> slept;
    auto const body = [&]() -> task<> {
        l.kernel.failures = for_ever;
        slept = co_await sleep_for(std::chrono::seconds(10));
        co_await shielded(
            []() -> task<> { EXPECT_TRUE(co_await sleep_for(std::chrono::milliseconds(5))); }());
    };
    EXPECT_THROW(sync_wait(l.on, body()), std::system_error);
    EXPECT_TRUE(slept.error().stopped());
    l.kernel.failures = 0;
    sync_wait(l.on, [&]() -> task<> { EXPECT_TRUE(co_await op::nop{}); }());
}

TEST(coro_sync_wait, ends_what_the_kernel_never_took_when_the_ring_never_works_again) {
    failing_loop l;
    pipe_pair const p;
    char byte = 0;
    int ended = 0;
    auto const reads = [&]() -> task<> {
        auto const n = co_await op::read{.fd = p.out, .into = std::span(&byte, 1)};
        EXPECT_TRUE(n.error().stopped()) << n.error().message().c_str();
        ++ended;
    };
    auto const links = [&]() -> task<> {
        op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
        auto const [first, second] = co_await op::link(reading, op::nop{});
        EXPECT_TRUE(first.error().stopped() && second.error().stopped());
        ++ended;
    };
    auto const body = [&]() -> task<> {
        l.kernel.failures = for_ever;
        co_await when_all(reads(), links(), reads());
    };
    EXPECT_THROW(sync_wait(l.on, body()), std::system_error);
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(l.on.in_flight(), 0u);
    l.kernel.failures = 0;
    sync_wait(l.on, [&]() -> task<> { EXPECT_TRUE(co_await op::nop{}); }());
}

TEST(coro_sync_wait, goes_on_asking_a_ring_that_fails_until_what_is_in_flight_is_over) {
    failing_loop l;
    pipe_pair const p;
    char byte = 0;
    result<std::size_t> n = 0u;
    auto const reads = [&]() -> task<> {
        n = co_await op::read{.fd = p.out, .into = std::span(&byte, 1)};
    };
    auto const body = [&]() -> task<> {
        auto const breaks = [&]() -> task<> {
            (co_await sleep_for(std::chrono::milliseconds(1))).or_throw("sleep");
            l.kernel.failures = 20;
        };
        co_await when_all(reads(), breaks());
    };
    EXPECT_THROW(sync_wait(l.on, body()), std::system_error);
    EXPECT_TRUE(n.error().stopped()) << n.error().message().c_str();
    EXPECT_EQ(l.on.in_flight(), 0u);
}

} // namespace
} // namespace rondo::test
