// SPDX-License-Identifier: MIT
// sync_wait() on a ring that fails: it throws, and leaves nothing behind in the loop.
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/read.hpp>
#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <gtest/gtest.h>

#include <cerrno>
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

} // namespace
} // namespace rondo::test
