// SPDX-License-Identifier: MIT
#pragma once

// Sleeping on a word of the process's own, and the steady clock that ends such sleeps. Any thread.

#include <cstdint>
#include <limits>

namespace rondo {

/// The steady clock (CLOCK_MONOTONIC), in nanoseconds.
[[nodiscard]] std::int64_t steady_now() noexcept;

/// Sleeps while the word is `value`, until `at` of the steady clock at the latest. Wakes for no
/// reason, too. futex(2)
void futex_wait(std::uint32_t const* word, std::uint32_t value,
                std::int64_t at = std::numeric_limits<std::int64_t>::max()) noexcept;
/// Wakes one of those who sleep on the word, which may be gone already: nothing is read.
void futex_wake(std::uint32_t const* word) noexcept;

} // namespace rondo
