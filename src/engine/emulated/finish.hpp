// SPDX-License-Identifier: MIT
#pragma once

// How a request that an attempt left `kept` comes back to its ring. Any thread.

#include "request.hpp"

#include <atomic>

namespace rondo::engine::emulation {

/// Queues `r` to its ring and wakes it. `how` is the final answer, or `poll` with no events:
/// attempt again now. May come before the attempt that kept it has returned. The caller touches `r`
/// no more.
void finish_later(request& r, outcome how) noexcept;

using finish_later_function = void (*)(request& r, outcome how) noexcept;

/// What watches call: finish_later(), unless a test of requests without a ring put its own there.
inline constinit std::atomic<finish_later_function> give_back{&finish_later};

} // namespace rondo::engine::emulation
