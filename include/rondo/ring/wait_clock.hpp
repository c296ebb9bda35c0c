// SPDX-License-Identifier: MIT
#pragma once

// Which clock a ring's waits go by. One thread: the ring's.

#include <rondo/core/result.hpp>

#include <cstdint>

namespace rondo {

class ring;

/// The clocks of clock_gettime(2) that waits can go by. `boottime` counts while the machine sleeps.
enum class wait_clock : std::uint8_t { monotonic, boottime };

/// Sets the clock; a new ring has wait_clock::monotonic. Absolute deadlines are then points of that
/// clock, so with boottime give ring::submit_and_wait relative ones only. Linux 6.12
result<> set_wait_clock(ring& owner, wait_clock clock) noexcept;

} // namespace rondo
