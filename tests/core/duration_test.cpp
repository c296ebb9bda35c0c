// SPDX-License-Identifier: MIT
#include <rondo/core/duration.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using limits = std::numeric_limits<std::int64_t>;
template <class Rep, class Period = std::ratio<1>>
using duration = std::chrono::duration<Rep, Period>;

/// The least that has the shape, and nothing to do with <chrono>.
struct beats {
    using rep = short;
    struct period {
        static constexpr std::intmax_t num = 1;
        static constexpr std::intmax_t den = 4;
    };
    short n;
    [[nodiscard]] constexpr short count() const { return n; }
};
static_assert(duration_like<beats> && duration_like<std::chrono::hours>);
static_assert(!duration_like<int> && !duration_like<std::chrono::steady_clock::time_point>);
static_assert(steady_time_point<std::chrono::steady_clock::time_point>);
static_assert(!steady_time_point<std::chrono::system_clock::time_point>);
static_assert(!std::is_constructible_v<deadline, std::chrono::system_clock::time_point>);

TEST(duration, is_counted_in_nanoseconds) {
    static_assert(to_nanoseconds(3ns) == 3);
    static_assert(to_nanoseconds(5us) == 5'000);
    static_assert(to_nanoseconds(7ms) == 7'000'000);
    static_assert(to_nanoseconds(2s) == 2'000'000'000);
    static_assert(to_nanoseconds(1min) == 60'000'000'000);
    static_assert(to_nanoseconds(24h) == 86'400'000'000'000);
    static_assert(to_nanoseconds(-5ms) == -5'000'000);
    static_assert(to_nanoseconds(0s) == 0);
    static_assert(to_nanoseconds(beats{6}) == 1'500'000'000);
    static_assert(to_nanoseconds(duration<std::uint8_t>(200)) == 200'000'000'000);
    static_assert(to_nanoseconds(duration<std::uint64_t, std::nano>(1)) == 1);
}

TEST(duration, is_rounded_up) {
    using picoseconds = duration<std::int64_t, std::pico>;
    EXPECT_EQ(to_nanoseconds(picoseconds(1)), 1);
    EXPECT_EQ(to_nanoseconds(picoseconds(1000)), 1);
    EXPECT_EQ(to_nanoseconds(picoseconds(1001)), 2);
    EXPECT_EQ(to_nanoseconds(picoseconds(-1999)), -1);
    using thirds = duration<int, std::ratio<1, 3>>;
    EXPECT_EQ(to_nanoseconds(thirds(1)), 333'333'334);
    EXPECT_EQ(to_nanoseconds(thirds(2)), 666'666'667);
    EXPECT_EQ(to_nanoseconds(thirds(3)), 1'000'000'000);
    EXPECT_EQ(to_nanoseconds(duration<double>(0.5e-9)), 1);
    EXPECT_EQ(to_nanoseconds(duration<double, std::nano>(0.1)), 1);
    EXPECT_EQ(to_nanoseconds(duration<double, std::nano>(-0.1)), 0);
    EXPECT_EQ(to_nanoseconds(duration<float>(0.5f)), 500'000'000);
}

TEST(duration, saturates_at_both_ends) {
    EXPECT_EQ(to_nanoseconds(std::chrono::hours::max()), limits::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::hours::min()), limits::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::seconds(limits::max())), limits::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::milliseconds(limits::min())), limits::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::nanoseconds::max()), limits::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::nanoseconds::min()), limits::min());
    EXPECT_EQ(to_nanoseconds(duration<std::uint64_t, std::nano>(~0ull)), limits::max());
    EXPECT_EQ(to_nanoseconds(duration<std::uint64_t>(~0ull)), limits::max());
    EXPECT_EQ(to_nanoseconds(duration<double>(1e30)), limits::max());
    EXPECT_EQ(to_nanoseconds(duration<double>(-1e30)), limits::min());
    EXPECT_EQ(to_nanoseconds(duration<double>(std::numeric_limits<double>::infinity())),
              limits::max());
    // 106751 days fit, one more does not.
    using days = duration<int, std::ratio<86400>>;
    EXPECT_EQ(to_nanoseconds(days(106751)), std::int64_t{106751} * 86400 * 1'000'000'000);
    EXPECT_EQ(to_nanoseconds(days(106752)), limits::max());
    EXPECT_EQ(to_nanoseconds(days(-106752)), limits::min());
}

TEST(deadline, is_never_unless_told) {
    constexpr deadline never;
    static_assert(never.which() == deadline::kind::never && never.nanoseconds() == 0);
}

TEST(deadline, is_a_while_from_now) {
    constexpr deadline soon = 5ms;
    static_assert(soon.which() == deadline::kind::relative && soon.nanoseconds() == 5'000'000);
    EXPECT_EQ(deadline(std::chrono::hours::max()).nanoseconds(), limits::max());
}

TEST(deadline, that_is_negative_is_now) {
    EXPECT_EQ(deadline(-1s).nanoseconds(), 0);
    EXPECT_EQ(deadline(-1s).which(), deadline::kind::relative);
    EXPECT_EQ(deadline(std::chrono::hours::min()).nanoseconds(), 0);
    EXPECT_EQ(deadline(std::chrono::steady_clock::time_point(-5s)).nanoseconds(), 0);
}

TEST(deadline, is_a_point_of_the_steady_clock) {
    auto const now = std::chrono::steady_clock::now();
    deadline const d = now + 1s;
    EXPECT_EQ(d.which(), deadline::kind::absolute);
    EXPECT_EQ(d.nanoseconds(), (now + 1s).time_since_epoch() / 1ns);
    EXPECT_EQ(deadline(std::chrono::steady_clock::time_point::max()).nanoseconds(), limits::max());
    using coarse = std::chrono::time_point<std::chrono::steady_clock, duration<double>>;
    EXPECT_EQ(deadline(coarse(duration<double>(1.5))).nanoseconds(), 1'500'000'000);
}

} // namespace
} // namespace rondo
