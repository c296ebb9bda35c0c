// SPDX-License-Identifier: MIT
#include <rondo/ring/ring.hpp>

#include "state.hpp"

#include <rondo/core/assert.hpp>

namespace rondo {

/// Lets the kernel post what it put off: completions that overflowed the queue, task work that
/// waits for an enter, polled I/O that is only looked at inside one. True when it had to.
bool ring::flush_deferred() noexcept {
    constexpr auto put_off = abi::sq_ring_flag::cq_overflow | abi::sq_ring_flag::taskrun;
    if (guard_->owner == 0 || (!state_->must_enter_to_reap && !any(sq_.flags() & put_off)))
        return false;
    require_owner();
    // Whatever it answers: what is there afterwards can be popped, what is not comes later.
    static_cast<void>(state_->backend().enter(
        enter_fd_, 0, 0, enter_flags_ | raw(abi::enter::getevents), nullptr, 0));
    annotate::reaping();
    return true;
}

bool ring::pop(abi::cqe32& out) noexcept {
    if (cq_.pop(out))
        return true;
    RONDO_ASSERT(state_ != nullptr, "completions were asked of a moved-from ring");
    if (!state_->held.empty()) {
        out = state_->held.pop();
        if (state_->held.empty())
            release_held();
        return true;
    }
    cq_.release();
    flush_deferred();
    return cq_.pop(out);
}

abi::cqe const* ring::take_slowly() noexcept {
    RONDO_ASSERT(state_ != nullptr, "completions were asked of a moved-from ring");
    if (!state_->held.empty()) [[unlikely]] {
        abi::cqe32 oldest;
        static_cast<void>(pop(oldest));
        state_->popped = oldest.head;
        return &state_->popped;
    }
    // Every loop over pop() ends here, finding nothing, so this way is kept short.
    cq_.release();
    return flush_deferred() ? cq_.take() : nullptr;
}

std::size_t ring::copy_completions(std::span<abi::cqe> out) noexcept {
    RONDO_ASSERT(state_ != nullptr, "completions were asked of a moved-from ring");
    std::size_t n = 0;
    abi::cqe32 c;
    while (n < out.size() && !state_->held.empty() && pop(c))
        out[n++] = c.head;
    n += cq_.copy(out.subspan(n));
    if (n == 0 && !out.empty()) {
        cq_.release();
        flush_deferred();
        n = cq_.copy(out);
    }
    return n;
}

void ring::hold_others() noexcept {
    if (state_->held.empty())
        return;
    cq_.hold(state_->frozen_tail);
    // submit_and_wait has to count what is held, which only its slow path does.
    state_->guard().fast = ring_guard::always_slow;
}

void ring::release_held() noexcept {
    cq_.unhold();
    state_->guard().fast = fast_stamp();
}

} // namespace rondo
