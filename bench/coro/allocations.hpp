// SPDX-License-Identifier: MIT
#pragma once

// Counts what operator new is asked for, by replacing it in this program. Any thread.

#include <cstdint>

namespace bench::coro {

/// Calls of operator new so far, of all threads.
[[nodiscard]] std::uint64_t allocations() noexcept;
/// Bytes they asked for.
[[nodiscard]] std::uint64_t allocated_bytes() noexcept;

} // namespace bench::coro
