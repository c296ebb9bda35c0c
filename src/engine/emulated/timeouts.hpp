// SPDX-License-Identifier: MIT
#pragma once

// Points in time of timeouts and waits. Any thread.

#include "request.hpp"

#include <cstdint>
#include <limits>

namespace rondo::engine::emulation {

/// The `due` of a timeout that waits for completions alone.
inline constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::max();

/// clock_gettime(2) in nanoseconds.
[[nodiscard]] std::int64_t time_on(int clock) noexcept;
/// CLOCK_MONOTONIC, CLOCK_BOOTTIME or CLOCK_REALTIME.
[[nodiscard]] int system_clock_of(timer_clock clock) noexcept;
/// a + b, never beyond no_time - 1.
[[nodiscard]] constexpr std::int64_t later(std::int64_t a, std::int64_t b) noexcept {
    return a > no_time - 1 - b ? no_time - 1 : a + b;
}
/// Seconds and nanoseconds in nanoseconds; what does not fit is as late as can be.
[[nodiscard]] constexpr std::int64_t nanoseconds(std::int64_t seconds, std::int64_t ns) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    return seconds >= (no_time - 1) / second - 1 ? no_time - 1 : later(seconds * second, ns);
}

/// Ends the timeout `r`, whose time has come, or lets a multishot one wait for its next.
void finish_timeout(kernel_side& ring, request& r) noexcept;

} // namespace rondo::engine::emulation
