// SPDX-License-Identifier: MIT

// Cancels. One is a wish that stays until its operation is over: it waits in a list where there is
// no room, goes to the kernel before anything else does, and is repeated.

#include "state.hpp"

#include <rondo/op/cancel.hpp>

#include <algorithm>
#include <cerrno>

namespace rondo {

loop_state::wish_timer::wish_timer(loop_state& whose) noexcept
    : timer([](timer& self) noexcept {
          auto& s = static_cast<wish_timer&>(self).state;
          s.wishes_to_send = true; // even if it is only to set this timer again
          for (auto* link = s.wishes.begin(); link != s.wishes.end(); link = link->next) {
              auto& c = static_cast<completion&>(*link);
              s.ask_again(c);
          }
      }),
      state(whose) {}

void loop::cancel(completion& c) noexcept {
    if (c.stage_ == completion::stage::idle || c.stop_wanted_)
        return;
    c.stop_wanted_ = true;
    if (c.stage_ == completion::stage::waiting) {
        c.unlink();
        --state_->waiting_count;
        return refuse(c, -ECANCELED);
    }
    if (!c.never_started_)
        wish(c);
}

/// From here on run() is run_wished(), so that an operation that is over, and about to run, takes
/// its wish back before it is sent; and that none runs before the answer to its cancel is in, which
/// could otherwise meet a later operation at the same address.
void loop::wish(completion& c) noexcept {
    loop_state& s = *state_;
    c.to_be_asked_ = true;
    c.kept_step_ = c.step();
    c.run_by(&run_wished);
    s.wishes.push(c);
    s.wishes_to_send = true;
    s.repeat_after_ns = loop_state::first_repeat_ns;
    if (s.repeat.is_armed() && s.repeat.deadline_ns() > now() + s.repeat_after_ns)
        s.wheel.disarm(s.repeat);
}

void loop::run_wished(work& w) noexcept {
    auto& c = static_cast<completion&>(w);
    if (c.asked_) {
        c.ended_ = true;
        return;
    }
    c.unlink();
    c.to_be_asked_ = false;
    c.run_by(c.functions().run);
    c.set_step(c.kept_step_);
    c.run();
}

void loop::cancel_is_over(completion& c) noexcept {
    c.asked_ = false;
    if (!c.ended_)
        return;
    c.ended_ = false;
    ready_.push(c);
}

void loop_state::ask_again(completion& c) noexcept {
    if (c.asked_ || c.ended_)
        return;
    c.to_be_asked_ = true;
}

void loop::send_wishes() noexcept {
    loop_state& s = *state_;
    if (!send_marker())
        return;
    for (auto* link = s.wishes.begin(); link != s.wishes.end(); link = link->next) {
        auto& c = static_cast<completion&>(*link);
        if (!c.to_be_asked_)
            continue;
        if (!make_room(1))
            return; // and again at the next turn
        std::uint64_t const which = user_data_of(c);
        op::fill(reserve_own(), op::cancel{.what = op::cancel_match::user_data(which)},
                 which | static_cast<std::uint64_t>(own_operation::bit));
        c.to_be_asked_ = false;
        c.asked_ = true;
        ++s.counts.cancels;
        tell(loop_event::kind::cancelled, c);
    }
    s.wishes_to_send = false;
    if (s.wishes.empty() || s.repeat.is_armed())
        return;
    s.wheel.arm(s.repeat, now() + s.repeat_after_ns);
    s.repeat_after_ns = std::min(s.repeat_after_ns * 2, loop_state::last_repeat_ns);
}

} // namespace rondo
