// SPDX-License-Identifier: MIT
#pragma once

// What else is measured of ours, beside sides.hpp: scopes, timers, the inbox. One thread each, but
// for what posts.

#include <cstddef>
#include <cstdint>

namespace bench::coro {

/// CPU seconds of `count` tasks that do nothing, spawned into one scope and joined. Each is over
/// before the next begins; `waiting`: a thousand at a time wait for one another.
[[nodiscard]] double spawn_seconds(std::size_t count, bool waiting);

/// CPU seconds for arming `count` timers and disarming them, each in another order.
struct timer_seconds {
    double insertion;
    double cancel;
};
[[nodiscard]] timer_seconds arm_and_disarm(std::size_t count);

/// Enters of `count` coroutines that sleep until one of `batches` points in time, for each of them.
[[nodiscard]] double enters_per_expiry(std::size_t count, std::size_t batches);

/// Another thread posts `batches` times `batch` items; returns when all have run.
void post(std::size_t batches, std::size_t batch);

/// Seconds of `rounds` round trips between two threads: of their idle loops' inboxes, or of
/// eventfds that each of them reads.
[[nodiscard]] double inbox_ping_pong(std::size_t rounds);
[[nodiscard]] double eventfd_ping_pong(std::size_t rounds);

} // namespace bench::coro
