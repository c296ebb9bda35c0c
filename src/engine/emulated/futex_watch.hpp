// SPDX-License-Identifier: MIT
#pragma once

// Waits for the wake-up of futexes as a waiter of the kernel's own does: futex(2), futex_waitv(2).
// Under the lock of the request's ring.

#include "request.hpp"

#include <linux/futex.h>

#include <cstdint>
#include <span>

namespace rondo::engine::emulation {

/// Lets `r` sleep until a wake-up of `*waiter.uaddr` whose mask has a bit in common with `mask`
/// comes; its value is 0. When this returns `kept`, whoever wakes finds it.
[[nodiscard]] outcome watch_futex(request& r, ::futex_waitv const& waiter,
                                  std::uint32_t mask) noexcept;
/// The same for one of many words; its value is the index of the word. Where has_futex_waitv().
[[nodiscard]] outcome watch_futexes(request& r, std::span<::futex_waitv const> waiters) noexcept;

/// futex_waitv(2) can be had: Linux 5.16, and no filter forbids it.
[[nodiscard]] bool has_futex_waitv() noexcept;

/// futex(2), FUTEX_WAKE_BITSET, but 0 wakes none. `flags` are FUTEX2_.
[[nodiscard]] long wake_futex(std::uint32_t const* word, std::uint32_t count, std::uint32_t mask,
                              std::uint32_t flags) noexcept;

} // namespace rondo::engine::emulation
