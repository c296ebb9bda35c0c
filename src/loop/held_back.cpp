// SPDX-License-Identifier: MIT

// Zero-copy sends that are cancelled with their chain. Linux 6.18 posts a final completion for such
// a one, without F_MORE, and its notification after that; other kernels and engines may not. So it
// is over only when a notification can come no more, since what it is part of may be gone then: a
// timeout that is due at once comes by the same queue of the kernel's, behind what is in it.

#include "state.hpp"

#include <rondo/op/time.hpp>

namespace rondo {

/// Whether `of` is not yet to end `c`.
bool loop::is_held_back(completion& c, abi::cqe const& of) noexcept {
    if (!c.functions().notified_late)
        return false;
    bool const notification = has(of, abi::cqe_flag::notif);
    if (notification ? !c.held_back_ : of.res >= 0)
        return false;
    ring_.cq().were_not_final(1); // it is in flight until it ends here
    if (notification)
        return true;
    c.note(of);
    c.held_back_ = true;
    state_->held_back.push(c);
    state_->wishes_to_send = true;
    return true;
}

/// False: there is no room for it now.
bool loop::send_marker() noexcept {
    loop_state& s = *state_;
    if (s.marker_in_flight || s.held_back.empty())
        return true;
    if (!make_room(1))
        return false;
    while (work* const w = s.held_back.pop())
        s.held_until_marker.push(*w);
    op::fill(reserve_own(), s.marker, static_cast<std::uint64_t>(own_operation::marker));
    s.marker_in_flight = true;
    return true;
}

/// The kernel never saw the one that was queued, so it may still notify.
void loop::wait_for_another_marker() noexcept {
    while (work* const w = state_->held_until_marker.pop())
        state_->held_back.push(*w);
}

void loop::end_held_back() noexcept {
    loop_state& s = *state_;
    while (work* const w = s.held_until_marker.pop()) {
        auto& c = static_cast<completion&>(*w);
        c.held_back_ = false;
        ring_.cq().were_not_final(0u - 1u);
        ++completed_;
        tell(loop_event::kind::completed, c);
        ready_.push(c);
    }
    if (!s.held_back.empty())
        s.wishes_to_send = true;
}

} // namespace rondo
