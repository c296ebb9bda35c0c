// SPDX-License-Identifier: MIT
// A ring that was moved away: every use of it aborts and says so, except to destroy it or to move
// another one into it.
#include <support/child.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <utility>

namespace rondo {
namespace {

using namespace test;

struct use {
    char const* name;
    std::function<void(ring&)> call;
};
std::ostream& operator<<(std::ostream& out, use const& u) { return out << u.name; }

class moved_ring : public ::testing::TestWithParam<use> {};

TEST_P(moved_ring, aborts_when_it_is_used) {
    for (bool const used_before : {false, true}) {
        child_end const end = in_child([used_before] {
            ring from = ring::create({.entries = 4}).or_throw("ring");
            if (used_before)
                from.run(op::nop{}).or_throw("run");
            ring const to(std::move(from));
            GetParam().call(from);
        });
        EXPECT_TRUE(end.aborted_with("moved-from ring")) << used_before << ": " << end;
    }
}

template <class T>
void ignore(T&&) {}

use const uses[] = {
    {"push", [](ring& r) { ignore(r.push(op::nop{}, 1)); }},
    {"push_wide", [](ring& r) { ignore(r.push(op::nop128{}, 1)); }},
    {"push_chain", [](ring& r) { ignore(r.push(op::link(op::nop{}, op::nop{}), {1, 2})); }},
    {"submit", [](ring& r) { ignore(r.submit()); }},
    {"submit_and_wait", [](ring& r) { ignore(r.submit_and_wait(1)); }},
    {"submit_and_wait_for_none", [](ring& r) { ignore(r.submit_and_wait(0)); }},
    {"submit_and_wait_until",
     [](ring& r) { ignore(r.submit_and_wait(1, std::chrono::milliseconds{1})); }},
    {"submit_and_wait_options", [](ring& r) { ignore(r.submit_and_wait(wait_options{})); }},
    {"pop",
     [](ring& r) {
         abi::cqe c;
         ignore(r.pop(c));
     }},
    {"pop_wide",
     [](ring& r) {
         abi::cqe32 c;
         ignore(r.pop(c));
     }},
    {"copy_completions",
     [](ring& r) {
         std::array<abi::cqe, 4> batch;
         r.copy_completions(batch);
     }},
    {"run", [](ring& r) { ignore(r.run(op::nop{})); }},
    {"bind", [](ring& r) { ignore(r.bind_to_this_thread()); }},
    {"features", [](ring& r) { ignore(r.features()); }},
    {"native_handle", [](ring& r) { ignore(r.native_handle()); }},
    {"enter", [](ring& r) { ignore(r.enter(0, 0, {})); }},
    {"register", [](ring& r) { ignore(r.register_(abi::register_op::probe, nullptr, 0)); }},
    {"registry", [](ring& r) { ignore(r.registry()); }},
    {"make_room", [](ring& r) { ignore(r.make_room(1)); }},
    {"resize", [](ring& r) { ignore(r.resize(8, 16)); }},
    {"attach", [](ring& r) { ignore(ring::create({.poller = {.idle_ms = 1}, .attach = &r})); }},
};
INSTANTIATE_TEST_SUITE_P(every, moved_ring, ::testing::ValuesIn(uses),
                         [](auto const& v) { return std::string(v.param.name); });

TEST(moved_ring_itself, has_nothing_queued_and_nothing_in_flight) {
    ring from = ring::create({.entries = 4}).or_throw("ring");
    from.run(op::nop{}).or_throw("run");
    ring const to(std::move(from));
    EXPECT_EQ(from.in_flight(), 0u);
    EXPECT_EQ(from.sq().capacity(), 0u);
    EXPECT_EQ(from.sq().pending(), 0u);
    EXPECT_EQ(from.sq().unpublished(), 0u);
    EXPECT_EQ(from.sq().withdraw(), 0u);
    EXPECT_TRUE(from.sq().is_full());
    EXPECT_FALSE(from.sq().has_room(1));
    EXPECT_EQ(raw(from.sq().flags()), 0u);
    EXPECT_EQ(from.sq().dropped(), 0u);
    EXPECT_EQ(from.cq().capacity(), 0u);
    EXPECT_EQ(from.cq().ready(), 0u);
    EXPECT_EQ(from.cq().take(), nullptr);
    EXPECT_EQ(from.cq().overflow(), 0u);
    EXPECT_EQ(from.cq().flags_word(), nullptr);
}

TEST(moved_ring_itself, may_be_destroyed_or_given_another) {
    ring first = ring::create({.entries = 4}).or_throw("ring");
    first.run(op::nop{}).or_throw("run");
    {
        ring const taken(std::move(first));
    }
    first = ring::create({.entries = 8}).or_throw("ring");
    EXPECT_EQ(first.sq().capacity(), 8u);
    EXPECT_EQ(first.run(op::nop{}).or_throw("run"), 0);
    ring second = std::move(first);
    ring third = std::move(first); // of nothing
    second = std::move(third);     // which ends what second was
    EXPECT_EQ(second.in_flight(), 0u);
}

} // namespace
} // namespace rondo
