// SPDX-License-Identifier: MIT
#pragma once

// Durations and deadlines without <chrono>: anything with `rep`, `period` and `count()` is a
// duration here, so callers pass std::chrono values and only they pay for the header. Any thread.

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace rondo {

/// std::chrono::duration, by its shape.
template <class T>
concept duration_like = requires(T const d) {
    typename T::rep;
    typename T::period;
    { d.count() } -> std::convertible_to<typename T::rep>;
    { T::period::num } -> std::convertible_to<std::intmax_t>;
    { T::period::den } -> std::convertible_to<std::intmax_t>;
};

/// std::chrono::time_point, by its shape.
template <class T>
concept time_point_like = requires(T const t) {
    typename T::clock;
    { t.time_since_epoch() } -> duration_like;
};

/// A time point of a steady clock: CLOCK_MONOTONIC, what the kernel waits by.
template <class T>
concept steady_time_point = time_point_like<T> && T::clock::is_steady;

/// Whole nanoseconds, rounded up so that a wait is never short, saturating at both ends.
template <duration_like Duration>
[[nodiscard]] constexpr std::int64_t to_nanoseconds(Duration const& d) noexcept {
    using limits = std::numeric_limits<std::int64_t>;
    constexpr auto num = static_cast<long double>(Duration::period::num);
    constexpr auto den = static_cast<long double>(Duration::period::den);
    if constexpr (std::is_integral_v<typename Duration::rep> &&
                  1'000'000'000 % Duration::period::den == 0) {
        constexpr auto factor = static_cast<std::int64_t>(1'000'000'000 / Duration::period::den);
        std::int64_t out = 0;
        if (__builtin_mul_overflow(d.count(), factor, &out) ||
            __builtin_mul_overflow(out, static_cast<std::int64_t>(Duration::period::num), &out))
            return d.count() < 0 ? limits::min() : limits::max();
        return out;
    } else {
        long double const ns = static_cast<long double>(d.count()) * 1e9L * num / den;
        if (ns >= static_cast<long double>(limits::max()))
            return limits::max();
        if (ns <= static_cast<long double>(limits::min()))
            return limits::min();
        auto const whole = static_cast<std::int64_t>(ns);
        return whole + (static_cast<long double>(whole) < ns ? 1 : 0);
    }
}

/// When to give up waiting: never, a while from now, or at a point of the steady clock. Made
/// implicitly from std::chrono durations and steady_clock time points. A negative duration is now.
class deadline {
public:
    enum class kind : std::uint8_t { never, relative, absolute };

    constexpr deadline() noexcept = default;
    template <duration_like Duration>
    constexpr deadline(Duration const& from_now) noexcept
        : nanoseconds_(to_nanoseconds(from_now)), kind_(kind::relative) {
        if (nanoseconds_ < 0)
            nanoseconds_ = 0;
    }
    template <steady_time_point TimePoint>
    constexpr deadline(TimePoint const& at) noexcept
        : nanoseconds_(to_nanoseconds(at.time_since_epoch())), kind_(kind::absolute) {
        if (nanoseconds_ < 0)
            nanoseconds_ = 0;
    }

    /// A point of the steady clock, by nanoseconds since its epoch.
    [[nodiscard]] static constexpr deadline at(std::int64_t nanoseconds) noexcept {
        deadline d;
        d.nanoseconds_ = nanoseconds < 0 ? 0 : nanoseconds;
        d.kind_ = kind::absolute;
        return d;
    }

    [[nodiscard]] constexpr kind which() const noexcept { return kind_; }
    /// From now, or since the steady clock's epoch; 0 for never.
    [[nodiscard]] constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }

private:
    std::int64_t nanoseconds_ = 0;
    kind kind_ = kind::never;
};

} // namespace rondo
