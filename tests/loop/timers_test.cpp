// SPDX-License-Identifier: MIT

// The timer wheel by itself, edge by edge. What it does over years of random use is compared with
// a sorted map in timers_model_test.cpp.

#include <rondo/loop/timers.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace rondo {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1000 * millisecond;
constexpr std::int64_t year = 365 * 24 * 3600 * second;
constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max();

/// Writes its name down when it expires, then does what else the test wants.
struct alarm : timer {
    alarm(std::vector<int>& names_, int name_, std::function<void()> then_ = {})
        : timer(&alarm::expire), names(names_), name(name_), then(std::move(then_)) {}

    static void expire(timer& self) noexcept {
        auto& a = static_cast<alarm&>(self);
        EXPECT_FALSE(a.is_armed());
        a.names.push_back(a.name);
        if (a.then)
            a.then();
    }

    std::vector<int>& names;
    int name;
    std::function<void()> then;
};

using names = std::vector<int>;

class timers : public ::testing::Test {
protected:
    ~timers() override {
        for (alarm& a : alarms_)
            wheel.disarm(a);
        EXPECT_EQ(wheel.size(), 0u);
    }
    alarm& make(int name, std::function<void()> then = {}) {
        return alarms_.emplace_back(rang, name, std::move(then));
    }
    alarm& armed(int name, std::int64_t deadline_ns, std::function<void()> then = {}) {
        alarm& a = make(name, std::move(then));
        wheel.arm(a, deadline_ns);
        return a;
    }
    /// The names of those that expire at that time, in their order.
    names at(std::int64_t now_ns) {
        rang.clear();
        std::size_t const count = wheel.expire(now_ns);
        EXPECT_EQ(count, rang.size());
        return rang;
    }

    timer_wheel wheel;
    names rang;

private:
    std::deque<alarm> alarms_;
};

TEST_F(timers, an_empty_wheel_waits_for_ever) {
    EXPECT_EQ(wheel.next(), timer_wheel::never);
    EXPECT_EQ(at(0), names{});
    EXPECT_EQ(at(end_of_time), names{});
    EXPECT_EQ(wheel.next(), timer_wheel::never);
}

TEST_F(timers, one_expires_at_its_nanosecond_and_not_before) {
    for (std::int64_t const deadline : {std::int64_t{1}, std::int64_t{32'767}, std::int64_t{32'768},
                                        7 * millisecond + 13, 61 * second + 1, 40 * year + 3}) {
        alarm& a = armed(1, deadline);
        EXPECT_EQ(wheel.next(), deadline);
        EXPECT_EQ(at(deadline - 1), names{});
        EXPECT_EQ(wheel.next(), deadline);
        EXPECT_TRUE(a.is_armed());
        EXPECT_EQ(a.deadline_ns(), deadline);
        EXPECT_EQ(at(deadline), names{1});
        EXPECT_FALSE(a.is_armed());
        EXPECT_EQ(at(deadline + 1), names{});
        EXPECT_EQ(wheel.next(), timer_wheel::never);
    }
}

TEST_F(timers, expire_in_the_order_of_their_deadlines) {
    armed(3, 2 * year);
    armed(1, 5);
    armed(4, 2 * year + 1);
    armed(2, 6 * second);
    armed(0, 4);
    EXPECT_EQ(at(3 * year), (names{0, 1, 2, 3, 4}));
}

TEST_F(timers, with_one_deadline_expire_in_the_order_in_which_they_were_armed) {
    constexpr std::int64_t deadline = 100 * second + 7;
    armed(0, deadline);
    armed(9, deadline + 1);
    armed(1, deadline);
    EXPECT_EQ(at(deadline - 50 * second), names{});
    armed(50, deadline - 50 * second);
    armed(2, deadline);
    EXPECT_EQ(at(deadline - 50 * second), names{50});
    armed(3, deadline);
    armed(8, deadline - 1);
    armed(4, deadline);
    EXPECT_EQ(at(deadline + 1), (names{8, 0, 1, 2, 3, 4, 9}));
}

TEST_F(timers, of_one_tick_keep_their_order_by_the_nanosecond) {
    constexpr std::int64_t tick = 1'000'000 << 15;
    for (int const name : {30, 10, 20, 10, 0})
        armed(name, tick + name);
    EXPECT_EQ(at(tick + 10), (names{0, 10, 10}));
    EXPECT_EQ(wheel.next(), tick + 20);
    armed(15, tick + 15);
    EXPECT_EQ(wheel.next(), tick + 15);
    EXPECT_EQ(at(tick + 30), (names{15, 20, 30}));
}

TEST_F(timers, armed_for_the_past_are_due_at_once) {
    EXPECT_EQ(at(10 * second), names{});
    armed(2, 10 * second);
    armed(1, 9 * second);
    armed(0, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(wheel.next(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(at(10 * second), (names{0, 1, 2}));
}

TEST_F(timers, know_the_first_and_the_last_moment) {
    armed(0, 0);
    armed(1, end_of_time);
    armed(2, end_of_time);
    EXPECT_EQ(wheel.next(), 0);
    EXPECT_EQ(at(-1), names{});
    EXPECT_EQ(at(0), names{0});
    EXPECT_EQ(wheel.next(), timer_wheel::never);
    EXPECT_EQ(at(end_of_time - 1), names{});
    EXPECT_EQ(at(end_of_time), (names{1, 2}));
    EXPECT_EQ(wheel.size(), 0u);
}

TEST_F(timers, are_found_on_both_sides_of_every_turn_of_every_level) {
    for (unsigned bit = 0; bit < 63; ++bit) {
        std::int64_t const turn = std::int64_t{1} << bit;
        timer_wheel here(turn - 1);
        alarm before(rang, 1), at_it(rang, 2), after(rang, 3);
        here.arm(after, turn + 1);
        here.arm(at_it, turn);
        here.arm(before, turn - 1);
        rang.clear();
        for (std::int64_t now = turn - 2; now <= turn + 1; ++now) {
            EXPECT_EQ(here.next(), rang.size() < 3 ? turn - 1 + std::int64_t(rang.size()) : 0);
            EXPECT_EQ(here.expire(now), now > turn - 2 ? 1u : 0u) << "bit " << bit;
        }
        EXPECT_EQ(rang, (names{1, 2, 3}));
    }
}

TEST_F(timers, disarmed_never_expire) {
    alarm& first = armed(1, second);
    alarm& middle = armed(2, second);
    armed(3, second);
    EXPECT_EQ(wheel.size(), 3u);
    EXPECT_TRUE(wheel.disarm(middle));
    EXPECT_FALSE(wheel.disarm(middle));
    EXPECT_TRUE(wheel.disarm(first));
    EXPECT_EQ(wheel.size(), 1u);
    EXPECT_EQ(at(year), names{3});
}

TEST_F(timers, disarmed_last_of_a_slot_leave_no_deadline_behind) {
    alarm& a = armed(1, second);
    armed(2, year);
    EXPECT_TRUE(wheel.disarm(a));
    EXPECT_EQ(wheel.next(), year);
    armed(3, second + 1);
    EXPECT_EQ(wheel.next(), second + 1);
}

TEST_F(timers, a_disarmed_deadline_wakes_at_most_once) {
    constexpr std::int64_t first = 1000 * second;
    alarm& a = armed(1, first);
    armed(2, first + 1000);
    wheel.disarm(a);
    EXPECT_LE(wheel.next(), first + 1000);
    EXPECT_EQ(at(wheel.next()), names{});
    EXPECT_EQ(wheel.next(), first + 1000);
    EXPECT_EQ(at(wheel.next()), names{2});
}

TEST_F(timers, armed_again_move) {
    alarm& a = armed(1, second);
    armed(2, 2 * second);
    wheel.arm(a, 2 * second);
    EXPECT_EQ(wheel.size(), 2u);
    EXPECT_EQ(at(second), names{});
    EXPECT_EQ(at(2 * second), (names{2, 1}));
}

TEST_F(timers, can_arm_themselves_for_the_past_without_end) {
    alarm* self = nullptr;
    self = &armed(1, second, [&] { wheel.arm(*self, second); });
    armed(2, second);
    for (int turn = 0; turn < 3; ++turn)
        EXPECT_EQ(at(second), turn == 0 ? (names{1, 2}) : names{1});
    EXPECT_EQ(wheel.next(), second);
}

TEST_F(timers, can_disarm_one_that_is_due_with_them) {
    alarm& other = make(2);
    armed(1, second, [&] {
        EXPECT_TRUE(other.is_armed());
        EXPECT_EQ(wheel.next(), second);
        EXPECT_EQ(wheel.size(), 2u);
        EXPECT_TRUE(wheel.disarm(other));
    });
    wheel.arm(other, second);
    armed(3, second);
    EXPECT_EQ(at(second), (names{1, 3}));
}

TEST_F(timers, can_postpone_one_that_is_due_with_them) {
    alarm& other = make(2);
    armed(1, second, [&] { wheel.arm(other, 3 * second); });
    wheel.arm(other, second);
    EXPECT_EQ(at(2 * second), names{1});
    EXPECT_EQ(wheel.next(), 3 * second);
    EXPECT_EQ(at(3 * second), names{2});
}

TEST_F(timers, armed_while_others_expire_wait_for_the_next_call) {
    alarm& late = make(3);
    armed(1, second, [&] {
        wheel.arm(late, 0);
        EXPECT_EQ(wheel.next(), 0);
    });
    armed(2, second);
    EXPECT_EQ(at(second), (names{1, 2}));
    EXPECT_EQ(wheel.next(), 0);
    EXPECT_EQ(at(second), names{3});
}

TEST_F(timers, can_destroy_themselves_and_each_other) {
    auto victim = std::make_unique<alarm>(rang, 2);
    std::unique_ptr<alarm> self;
    self = std::make_unique<alarm>(rang, 1, [&] {
        wheel.disarm(*victim);
        victim.reset();
        // The function that runs is a part of what it destroys.
        names& rang_too = rang;
        std::unique_ptr<alarm>& own = self;
        auto const kept = std::move(own->then);
        own.reset();
        rang_too.push_back(100);
    });
    wheel.arm(*self, second);
    wheel.arm(*victim, second);
    rang.clear();
    EXPECT_EQ(wheel.expire(second), 1u);
    EXPECT_EQ(rang, (names{1, 100}));
    EXPECT_EQ(wheel.size(), 0u);
}

TEST_F(timers, follow_a_clock_that_is_set_back) {
    EXPECT_EQ(at(50 * year), names{});
    armed(4, 51 * year);
    EXPECT_EQ(at(50 * year), names{});
    armed(2, 20 * year + 5);
    armed(1, 20 * year);
    armed(3, 20 * year + 5);
    EXPECT_EQ(wheel.next(), 20 * year);
    EXPECT_EQ(at(20 * year - 1), names{});
    EXPECT_EQ(at(20 * year), names{1});
    EXPECT_EQ(at(10 * year), names{});
    EXPECT_EQ(wheel.next(), 20 * year + 5);
    armed(0, 11 * year);
    EXPECT_EQ(at(20 * year + 5), (names{0, 2, 3}));
    EXPECT_EQ(at(51 * year), names{4});
}

TEST_F(timers, do_not_pay_for_each_tick_that_a_jump_skips) {
    // A century has 2^46.5 ticks: walked one by one, one jump takes longer than any test may.
    std::mt19937_64 random(1);
    for (int i = 0; i < 1000; ++i)
        armed(i, 250 * year + static_cast<std::int64_t>(random() % 1000));
    alarm& a = make(-1);
    for (int i = 0; i < 1000; ++i) {
        wheel.arm(a, 100 * year);
        EXPECT_EQ(at(200 * year), names{-1});
        EXPECT_EQ(at(0), names{});
    }
    EXPECT_EQ(at(292 * year).size(), 1000u);
}

TEST_F(timers, by_the_ten_thousand_due_at_once_come_sorted) {
    std::mt19937_64 random(2);
    std::vector<std::pair<std::int64_t, int>> expected;
    for (int i = 0; i < 10'000; ++i) {
        auto const deadline = static_cast<std::int64_t>(random() % 5000) * 1'000'003;
        armed(i, deadline);
        expected.emplace_back(deadline, i);
    }
    std::ranges::sort(expected);
    rang.clear();
    EXPECT_EQ(wheel.expire(year), expected.size());
    ASSERT_EQ(rang.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(rang[i], expected[i].second) << "place " << i;
}

} // namespace
} // namespace rondo
