// SPDX-License-Identifier: MIT
// Virtual time: what is due when, on which clock, and that none of it takes any.
#include "simulated_test.hpp"

#include <rondo/ring/wait_clock.hpp>
#include <rondo/ring/wait_region.hpp>

#include <array>
#include <chrono>
#include <string_view>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;
using op::timeout_clock;

constexpr std::int64_t ms = 1'000'000;

/// Virtual nanoseconds that `work` takes; the clock on the wall must not notice.
template <class Work>
std::int64_t elapsed(simulation& s, Work work) {
    auto const wall = std::chrono::steady_clock::now();
    std::int64_t const before = s.now();
    work();
    EXPECT_LT(std::chrono::steady_clock::now() - wall, 5s);
    return s.now() - before;
}

/// At least `ns`, and little more.
void expect_about(std::int64_t took, std::int64_t ns) {
    EXPECT_GE(took, ns);
    EXPECT_LT(took, ns + ms / 10);
}

TEST(a_timeout, of_every_clock_comes_when_it_is_due) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    for (auto const clock :
         {timeout_clock::monotonic, timeout_clock::boottime, timeout_clock::realtime}) {
        op::timeout const limit{.when = op::moment(30min, clock)};
        expect_about(elapsed(s, [&] { EXPECT_EQ(r.run(limit), op::timeout_end::time); }),
                     30 * 60 * 1000 * ms);
    }
}

TEST(a_timeout, at_a_point_of_the_virtual_clock_comes_then) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    for (auto const clock : {timeout_clock::monotonic, timeout_clock::boottime}) {
        auto const at = std::chrono::nanoseconds(s.now() + 7 * ms);
        op::timeout const limit{.when = op::moment::at(at, clock)};
        expect_about(elapsed(s, [&] { EXPECT_TRUE(r.run(limit)); }), 7 * ms);
        expect_about(elapsed(s, [&] { EXPECT_TRUE(r.run(limit)); }), 0); // it is past
    }
}

TEST(timeouts, come_in_the_order_of_their_times) {
    simulation s = simulate({.seed = 4});
    ring r = ring_of(s);
    op::timeout const third{.when = 30ms}, first{.when = 10ms}, second{.when = 20ms};
    ASSERT_TRUE(r.push(third, 3));
    ASSERT_TRUE(r.push(first, 1));
    ASSERT_TRUE(r.push(second, 2));
    std::vector<std::uint64_t> order;
    for (abi::cqe const& c : next(r, 3))
        order.push_back(c.user_data);
    EXPECT_EQ(order, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(a_timeout, may_be_changed_removed_and_counted) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    op::timeout const limit{.when = 1h};
    op::timeout_update const sooner{.user_data = 1, .when = 1ms};
    ASSERT_TRUE(r.push(limit, 1));
    EXPECT_TRUE(r.run(sooner));
    expect_about(elapsed(s, [&] { EXPECT_EQ(next(r).res, -ETIME); }), ms - 10'000);
    ASSERT_TRUE(r.push(limit, 2));
    EXPECT_TRUE(r.run(op::timeout_remove{.user_data = 2}));
    EXPECT_EQ(next(r).res, -ECANCELED);
    op::timeout const counting{.when = 1h, .count = 2};
    ASSERT_TRUE(r.push(counting, 3));
    ASSERT_TRUE(r.push(op::nop{}, 4));
    ASSERT_TRUE(r.push(op::nop{}, 5));
    EXPECT_LT(elapsed(s, [&] { EXPECT_EQ(results(r, 3).at(3), 0); }), ms);
}

TEST(a_deadline, ends_a_wait_for_nothing) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    expect_about(elapsed(s, [&] { EXPECT_EQ(r.submit_and_wait(1, 2h).error(), ETIME); }),
                 2 * 3600 * 1000 * ms);
    auto const at =
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(s.now() + 5 * ms));
    expect_about(elapsed(s, [&] { EXPECT_EQ(r.submit_and_wait(1, at).error(), ETIME); }), 5 * ms);
    expect_about(elapsed(s, [&] { EXPECT_EQ(r.submit_and_wait(1, at).error(), ETIME); }), 0);
}

TEST(a_deadline, goes_by_the_clock_that_was_set) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    ASSERT_TRUE(set_wait_clock(r, wait_clock::boottime));
    expect_about(elapsed(s, [&] { EXPECT_EQ(r.submit_and_wait(1, 5ms).error(), ETIME); }), 5 * ms);
}

TEST(a_batching_window, ends_a_wait_with_one_completion) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    op::timeout const soon{.when = 1ms}, late{.when = 1h};
    ASSERT_TRUE(r.push(soon, 1));
    ASSERT_TRUE(r.push(late, 2));
    // Two are wanted, but after 3 ms one is enough.
    expect_about(elapsed(s, [&] { r.submit_and_wait(2, 1h, 3'000).or_throw("wait"); }), 3 * ms);
    EXPECT_EQ(r.cq().ready(), 1u);
}

TEST(a_registered_wait, takes_as_long_as_its_slot_says) {
    simulation s = simulate(calm());
    ring r = ring_of(s, {.entries = 8, .wait_region = false});
    auto waits = wait_region::create(r, {.slots = 2}).or_throw("wait region");
    waits.set(0, {.until = 10ms});
    waits.set(1, {.until = 20ms});
    expect_about(elapsed(s, [&] { EXPECT_EQ(waits.submit_and_wait(r, 0, 1).error(), ETIME); }),
                 10 * ms);
    expect_about(elapsed(s, [&] { EXPECT_EQ(waits.submit_and_wait(r, 1, 1).error(), ETIME); }),
                 20 * ms);
}

TEST(passing, lets_time_go_by_and_what_is_due_happen) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    std::array<char, 8> into{};
    op::timeout const limit{.when = 1s};
    ASSERT_TRUE(r.push(limit, 1));
    ASSERT_TRUE(r.push(op::recv{.fd = ends.second, .into = into}, 2));
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = std::string_view("text")}), 4u);
    expect_about(elapsed(s, [&] { s.pass(999 * ms); }), 999 * ms);
    abi::cqe c{};
    ASSERT_TRUE(r.pop(c));
    EXPECT_EQ(c.user_data, 2u);
    EXPECT_FALSE(r.pop(c));
    s.pass(2 * ms);
    ASSERT_TRUE(r.pop(c));
    EXPECT_EQ(c.res, -ETIME);
    s.pass(0);
    std::int64_t const now = s.now();
    s.pass(-5);
    EXPECT_EQ(s.now(), now);
}

TEST(time, never_runs_backwards) {
    simulation s = simulate({.seed = 8});
    ring r = ring_of(s);
    std::int64_t last = s.now();
    for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(r.run(op::async(op::nop{})));
        EXPECT_GE(s.now(), last);
        last = s.now();
    }
}

TEST(an_interrupted_wait, says_so_and_loses_nothing) {
    simulation s = simulate(only(&chances::interrupted, 0.9));
    ring r = ring_of(s);
    op::timeout const limit{.when = 1ms};
    ASSERT_TRUE(r.push(limit, 1));
    int interrupted = 0;
    abi::cqe c{};
    while (!r.pop(c)) {
        auto const waited = r.submit_and_wait(1);
        interrupted += !waited && waited.error() == EINTR ? 1 : 0;
    }
    EXPECT_EQ(c.res, -ETIME);
    EXPECT_GT(interrupted, 0);
    EXPECT_TRUE(r.run(limit)); // which deals with it
    EXPECT_TRUE(tells(s, "interrupted by a signal"));
}

} // namespace
} // namespace rondo::test
