// SPDX-License-Identifier: MIT
// Rings whose submissions a kernel thread takes.
#include <support/engine.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

ring with_poller(std::uint32_t entries = 8, ring* attach = nullptr) {
    return ring::create({.entries = entries,
                         .required = abi::setup::sqpoll,
                         .poller = {.idle_ms = 2},
                         .attach = attach})
        .or_throw("ring");
}

TEST(ring_poller, excludes_what_is_about_the_submitting_thread) {
    RONDO_NEEDS_KERNEL("pollers");
    ring const r = with_poller();
    EXPECT_TRUE(has(r.features().setup, abi::setup::sqpoll));
    EXPECT_FALSE(has(r.features().setup, abi::setup::defer_taskrun));
    EXPECT_FALSE(
        any(r.features().refused & ~(abi::setup::defer_taskrun | abi::setup::taskrun_flag)));
}

TEST(ring_poller, is_woken_when_it_sleeps) {
    RONDO_NEEDS_KERNEL("pollers");
    ring r = with_poller();
    for (std::uint64_t i = 0; i < 10; ++i) {
        push(r, op::nop{}, i);
        r.submit().or_throw("submit");
        EXPECT_EQ(next(r).user_data, i);
        auto const until = std::chrono::steady_clock::now() + patience;
        while (!r.sq().needs_wakeup() && std::chrono::steady_clock::now() < until)
            ::poll(nullptr, 0, 1);
        ASSERT_TRUE(r.sq().needs_wakeup());
    }
}

TEST(ring_poller, is_woken_by_a_submit_alone) {
    RONDO_NEEDS_KERNEL("pollers");
    ring r = with_poller();
    push(r, op::nop{}, 1);
    r.submit().or_throw("submit");
    ::poll(nullptr, 0, 20);
    push(r, op::nop{}, 2);
    r.submit().or_throw("submit");
    auto const until = std::chrono::steady_clock::now() + patience;
    while (r.cq().ready() < 2 && std::chrono::steady_clock::now() < until)
        ::poll(nullptr, 0, 1);
    EXPECT_EQ(r.cq().ready(), 2u);
}

TEST(ring_poller, makes_room_in_a_full_queue) {
    RONDO_NEEDS_KERNEL("pollers");
    ring r = with_poller(2);
    for (std::uint64_t i = 0; i < 200; ++i) {
        if (!r.push(op::nop{}, i)) {
            r.make_room(2).or_throw("make_room");
            EXPECT_TRUE(r.sq().has_room(2));
            ASSERT_TRUE(r.push(op::nop{}, i));
        }
    }
    for (std::uint64_t i = 0; i < 200; ++i)
        ASSERT_EQ(next(r).user_data, i);
    result<> const never = r.make_room(3);
    ASSERT_FALSE(never.has_value());
    EXPECT_EQ(never.error().why(), cause::too_long);
}

TEST(ring_poller, stays_on_the_cpu_it_was_given) {
    RONDO_NEEDS_KERNEL("pollers");
    ring r = ring::create({.poller = {.idle_ms = 1, .cpu = 0}}).or_throw("ring");
    EXPECT_TRUE(has(r.features().setup, abi::setup::sq_aff));
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    auto const nowhere = ring::create({.poller = {.idle_ms = 1, .cpu = 100'000}});
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_EQ(nowhere.error(), EINVAL);
}

TEST(ring_poller, needs_to_be_told_when_to_sleep) {
    auto const made = ring::create({.required = abi::setup::sqpoll});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error(), EINVAL);
    EXPECT_EQ(made.error().why(), cause::option_missing);
    EXPECT_NE(std::string_view(made.error().message()).find("poller.idle_ms"),
              std::string_view::npos);
}

TEST(ring_poller, shared_by_two_rings_serves_both) {
    RONDO_NEEDS_KERNEL("pollers");
    ring first = with_poller();
    ring second = with_poller(8, &first);
    EXPECT_TRUE(has(second.features().setup, abi::setup::attach_wq));
    for (std::uint64_t i = 0; i < 100; ++i) {
        push(first, op::nop{}, i);
        push(second, op::nop{}, i);
        first.submit().or_throw("submit");
        second.submit().or_throw("submit");
        ASSERT_EQ(next(first).user_data, i);
        ASSERT_EQ(next(second).user_data, i);
    }
}

TEST(ring_poller, shared_by_two_rings_refuses_chains) {
    RONDO_NEEDS_KERNEL("pollers");
    ring first = with_poller();
    auto const chain = op::link(op::nop{}, op::nop{});
    EXPECT_TRUE(first.push(chain, {1, 2}).has_value()) << "its own poller";
    static_cast<void>(next(first));
    static_cast<void>(next(first));
    ring second = with_poller(8, &first);
    for (ring* const r : {&first, &second}) {
        result<> const pushed = r->push(chain, {1, 2});
        ASSERT_FALSE(pushed.has_value());
        EXPECT_EQ(pushed.error(), ENOTSUP);
        EXPECT_EQ(pushed.error().why(), cause::shared_poller);
        EXPECT_EQ(r->sq().unpublished(), 0u);
    }
}

TEST(ring_poller, shared_workers_alone_do_not_refuse_chains) {
    RONDO_NEEDS_KERNEL("pollers");
    ring first = ring::create().or_throw("first");
    ring second = ring::create({.attach = &first}).or_throw("second");
    EXPECT_TRUE(second.push(op::link(op::nop{}, op::nop{}), {1, 2}).has_value());
    EXPECT_EQ(next(second).user_data, 1u);
    EXPECT_EQ(next(second).user_data, 2u);
}

TEST(ring_poller, outlives_the_ring_that_brought_it) {
    RONDO_NEEDS_KERNEL("pollers");
    ring second = [] {
        ring first = with_poller();
        ring attached = with_poller(8, &first);
        push(first, op::nop{}, 1);
        first.submit().or_throw("submit");
        return attached;
    }();
    for (std::uint64_t i = 0; i < 20; ++i) {
        push(second, op::nop{}, i);
        EXPECT_EQ(next(second).user_data, i);
    }
}

TEST(ring_poller, is_closed_with_operations_in_flight) {
    RONDO_NEEDS_KERNEL("pollers");
    pipe_pair const pipe;
    std::array<char, 64> memory{};
    {
        ring r = with_poller();
        push(r, op::read{.fd = pipe.out, .into = memory}, 1);
        push(r, op::nop{}, 2);
        r.submit().or_throw("submit");
        push(r, op::nop{}, 3); // never submitted
    }
    pipe.write("must not be read");
    ::poll(nullptr, 0, 20);
    EXPECT_EQ(memory, (std::array<char, 64>{}));
}

} // namespace
} // namespace rondo
