// SPDX-License-Identifier: MIT
// A ring whose program sleeps elsewhere: on a registered eventfd, or on the ring's descriptor in a
// poller of its own.
#include "kernel_side.hpp"

#include "calls.hpp"
#include "timeouts.hpp"

#include <algorithm>

namespace rondo::engine::emulation {

/// Called by the attendant. A thread that sleeps in enter() does the same by itself: what it leaves
/// behind, leave() has looked at again.
void kernel_side::tend() noexcept {
    std::lock_guard const held(lock_);
    if (closed_ || !tended_)
        return;
    if (sleeps_) {
        overlooked_ = true;
        return;
    }
    if (has(flags_, abi::setup::defer_taskrun)) {
        // Only its owner's waits post completions; it is told once that there will be some.
        if (!std::exchange(called_, true)) {
            std::lock_guard const events(event_lock_);
            signal_event(false);
        }
        return;
    }
    collect();
    receive();
    expire_timers();
    run_ready();
    expire_counts();
    run_ready();
    leave();
}

/// Nanoseconds until the first timer is due, at least 1; -1: none runs.
std::int64_t kernel_side::time_to_timer() const noexcept {
    std::int64_t best = -1;
    for (std::size_t i = 0; i < timer_clocks; ++i)
        if (request const* const r = timers_.first(static_cast<timer_clock>(i))) {
            std::int64_t const due = r->due - time_on(system_clock_of(r->clock));
            std::int64_t const left = std::max<std::int64_t>(due, 1);
            best = best < 0 ? left : std::min(left, best);
        }
    return best;
}

/// Makes the ring's descriptor readable when the first timer is due. Without a descriptor for the
/// alarm it is due when somebody enters.
void kernel_side::set_alarm() noexcept {
    if (closed_ || other_system != nullptr) // a simulated world knows when the next timer is due
        return;
    std::array<std::int64_t, timer_clocks> due{};
    for (std::size_t i = 0; i < timer_clocks; ++i) {
        request const* const r = timers_.first(static_cast<timer_clock>(i));
        due[i] = r != nullptr ? r->due : no_time;
    }
    if (due != alarmed_) {
        alarmed_ = due;
        poller_.set_alarm(time_to_timer());
    }
}

void kernel_side::forget_alarm() noexcept {
    poller_.set_alarm(-1);
    alarmed_.fill(no_time);
}

} // namespace rondo::engine::emulation
