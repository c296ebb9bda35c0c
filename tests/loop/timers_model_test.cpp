// SPDX-License-Identifier: MIT

// A timer wheel beside a std::multimap, which is told the same: random calls over millions of
// steps, between which nanoseconds pass or years, and from within expiring timers too. After each
// step both must name the same timers in the same order.

#include <rondo/loop/timers.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <vector>

namespace rondo {
namespace {

struct world {
    unsigned seed;
    int steps;
    int timers;
    unsigned step_bits;     ///< time moves by up to 2^step_bits ns
    unsigned deadline_bits; ///< deadlines lie up to 2^deadline_bits ns ahead
    bool disarms;           ///< otherwise next() must be exact

    friend void PrintTo(world const& w, std::ostream* out) {
        *out << "seed " << w.seed << ": " << w.timers << " timers, steps of 2^" << w.step_bits
             << " ns, deadlines of 2^" << w.deadline_bits << " ns"
             << (w.disarms ? "" : ", none disarmed");
    }
};

class timers_model : public ::testing::TestWithParam<world> {
protected:
    /// Deadline, and those with the same in the order of their insertion.
    using schedule = std::multimap<std::int64_t, std::size_t>;

    struct alarm : timer {
        alarm()
            : timer([](timer& self) noexcept {
                  auto& a = static_cast<alarm&>(self);
                  a.test->expired(a);
              }) {}

        timers_model* test = nullptr;
        std::size_t id = 0;
        schedule* in = nullptr; ///< null while the model says that it is not armed
        schedule::iterator at;
    };

    timers_model() : random_(GetParam().seed), alarms_(std::size_t(GetParam().timers)) {
        for (std::size_t i = 0; i < alarms_.size(); ++i) {
            alarms_[i].test = this;
            alarms_[i].id = i;
        }
    }
    ~timers_model() override {
        for (alarm& a : alarms_)
            wheel_.disarm(a);
    }

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    /// As often of n bits as of any other number of bits.
    std::int64_t of_bits(unsigned bits) {
        return static_cast<std::int64_t>(random_() >> (63 - below(bits + 1)) >> 1);
    }
    static std::int64_t sum(std::int64_t a, std::int64_t b) {
        std::int64_t out = 0;
        return __builtin_add_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
    }

    void forget(alarm& a) {
        if (a.in != nullptr)
            a.in->erase(a.at);
        a.in = nullptr;
    }
    void disarm(alarm& a) {
        ASSERT_EQ(wheel_.disarm(a), a.in != nullptr);
        forget(a);
    }
    void arm(alarm& a) {
        std::int64_t deadline = sum(now_, of_bits(GetParam().deadline_bits));
        if (std::uint64_t const choice = below(16); choice == 0)
            deadline = now_ - of_bits(20);
        else if (choice == 1 && !armed_.empty())
            deadline = armed_.rbegin()->first;
        else if (choice == 2 && !armed_.empty())
            deadline = armed_.begin()->first;
        if (a.in != nullptr && !GetParam().disarms)
            return;
        forget(a);
        wheel_.arm(a, deadline);
        a.in = &armed_;
        a.at = armed_.emplace(deadline, a.id);
    }
    void change_one() {
        alarm& a = alarms_[below(alarms_.size())];
        if (GetParam().disarms && below(3) == 0)
            disarm(a);
        else
            arm(a);
    }

    void expired(alarm& a) {
        ++expired_;
        ASSERT_FALSE(due_.empty()) << "timer " << a.id << " is not due at " << now_;
        ASSERT_EQ(due_.begin()->second, a.id);
        ASSERT_EQ(due_.begin()->first, a.deadline_ns());
        ASSERT_FALSE(a.is_armed());
        forget(a);
        if (below(4) == 0)
            arm(a);
        for (std::uint64_t more = below(3); more > 0; --more)
            change_one();
        check();
    }
    void expire() {
        while (!armed_.empty() && armed_.begin()->first <= now_) {
            auto const first = armed_.begin();
            alarm& a = alarms_[first->second];
            a.in = &due_;
            a.at = due_.insert(due_.end(), *first);
            armed_.erase(first);
        }
        expired_ = 0;
        std::size_t const count = wheel_.expire(now_);
        ASSERT_EQ(count, expired_);
        ASSERT_TRUE(due_.empty()) << "timer " << due_.begin()->second << " is late";
    }
    void check() {
        ASSERT_EQ(wheel_.size(), armed_.size() + due_.size());
        std::int64_t next = timer_wheel::never;
        if (!armed_.empty())
            next = armed_.begin()->first;
        if (!due_.empty())
            next = std::min(next, due_.begin()->first);
        if (GetParam().disarms)
            ASSERT_LE(wheel_.next(), next);
        else
            ASSERT_EQ(wheel_.next(), next);
    }
    /// Now and then to where a deadline is, or back.
    void move_time() {
        std::uint64_t const choice = below(256);
        if (choice == 0)
            now_ -= of_bits(GetParam().step_bits);
        else if (choice < 64 && !armed_.empty())
            now_ = std::max(now_, wheel_.next() - static_cast<std::int64_t>(choice % 2));
        else
            now_ = sum(now_, of_bits(GetParam().step_bits));
        if (now_ > std::numeric_limits<std::int64_t>::max() - 1000)
            now_ = of_bits(62);
    }

    std::mt19937_64 random_;
    std::int64_t now_ = 0;
    timer_wheel wheel_;
    std::vector<alarm> alarms_;
    schedule armed_;
    schedule due_; ///< of the expire() that is running
    std::size_t expired_ = 0;
};

TEST_P(timers_model, is_what_a_sorted_map_would_be) {
    std::size_t total = 0;
    for (int step = 0; step < GetParam().steps; ++step) {
        if (below(4) == 0) {
            move_time();
            expire();
            total += expired_;
        } else {
            change_one();
        }
        check();
        ASSERT_FALSE(HasFatalFailure()) << "in step " << step << " at " << now_ << " ns";
    }
    EXPECT_GT(total, std::size_t(GetParam().steps) / 400); // a world in which things happen
}

INSTANTIATE_TEST_SUITE_P(
    worlds, timers_model,
    ::testing::Values(world{1, 400'000, 8, 12, 16, true}, world{2, 400'000, 100, 20, 24, true},
                      world{3, 400'000, 1000, 24, 34, true}, world{4, 400'000, 1000, 34, 44, true},
                      world{5, 400'000, 300, 50, 56, true}, world{6, 400'000, 30, 58, 62, true},
                      world{7, 400'000, 3, 55, 40, true}, world{8, 400'000, 2, 30, 58, true},
                      world{9, 400'000, 100, 20, 24, false},
                      world{10, 400'000, 1000, 40, 50, false},
                      world{11, 400'000, 20, 58, 58, false}));

} // namespace
} // namespace rondo
