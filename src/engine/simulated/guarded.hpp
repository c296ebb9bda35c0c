// SPDX-License-Identifier: MIT
#pragma once

// What answers of the simulated system have in common: no memory is -ENOMEM, and events in time are
// told without throwing. One thread.

#include "world.hpp"

#include <cerrno>
#include <cstdint>
#include <new>

namespace rondo::engine::simulation {

/// What `call` returns, or -ENOMEM.
template <class Call>
[[nodiscard]] long guarded(Call&& call) noexcept {
    try {
        return call();
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

/// Calls `call`; false when there was no memory for it.
template <class Call>
bool has_memory_for(Call&& call) noexcept {
    try {
        call();
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

/// Nanoseconds until the other side of a socket sees what is done now.
[[nodiscard]] inline std::int64_t travel_time(world& w) noexcept {
    std::int64_t const most = w.how().net_ns;
    return most <= 0 ? 0
                     : static_cast<std::int64_t>(w.luck().below(static_cast<std::uint64_t>(most)));
}

/// Calls `what` in `ns` nanoseconds; now for 0, and when there is no memory to remember it.
template <class Event>
void in_time(world& w, std::int64_t ns, Event const& what) noexcept {
    // An early event is better than none.
    if (ns <= 0 || !has_memory_for([&] { w.later(ns, what); }))
        what();
}

} // namespace rondo::engine::simulation
