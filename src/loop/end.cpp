// SPDX-License-Identifier: MIT

// How a loop ends: with nothing in flight. Orphans, and the end of all else.

#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/loop/orphan.hpp>
#include <rondo/op/cancel.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace rondo {

void loop::adopt(rondo::orphan& o) noexcept {
    loop_state& s = *state_;
    o.next_one_ = s.orphans;
    if (s.orphans != nullptr)
        s.orphans->previous_ = &o;
    s.orphans = &o;
    ++s.orphan_count;
}

void loop::let_go(rondo::orphan& o) noexcept {
    loop_state& s = *state_;
    (o.previous_ != nullptr ? o.previous_->next_one_ : s.orphans) = o.next_one_;
    if (o.next_one_ != nullptr)
        o.next_one_->previous_ = o.previous_;
    --s.orphan_count;
}

/// Work that is ready runs too, since it may end operations; and what was posted, since its poster
/// was told that it would.
void loop::drain() noexcept {
    loop_state& s = *state_;
    std::int64_t const patience = now() + loop_state::orphans_may_take_ns;
    while (s.orphan_count != 0 || !ready_.empty() || s.has_unanswered_end()) {
        timer at_last([](timer&) noexcept {});
        if (now() < patience) {
            s.wheel.arm(at_last, patience);
        } else {
            for (rondo::orphan* o = s.orphans; o != nullptr; o = o->next_one_)
                cancel(*o);
        }
        auto const went = turn(true);
        s.wheel.disarm(at_last);
        RONDO_ASSERT(went, "a loop was destroyed with orphans, and its ring works no more");
    }
}

bool loop_state::has_unanswered_end() const noexcept {
    for (auto const* link = wishes.begin(); link != wishes.end(); link = link->next)
        if (static_cast<completion const&>(*link).ended_)
            return true;
    return false;
}

loop::~loop() {
    if (state_ == nullptr)
        return;
    loop_running const here(*this, state_->running);
    do {
        drain();
    } while (state_->box.take().run() != 0);
    state_->box.close().run();
    drain();
    if (in_flight() != 0)
        destroyed_in_flight();
    RONDO_ASSERT(
        state_->guests == 0,
        "a loop was destroyed with a task of another loop's on it, which waits for it; run "
        "the loop until what on() or resume_on() brought there is over or has left");
    RONDO_ASSERT(state_->travellers == 0,
                 "a loop was destroyed while a task of its was on another loop by on() or "
                 "resume_on(); run it until the task is back: loop::run() does not wait for that");
    state_->forget_repeat();
    rondo::ring const first(std::move(ring_)); // the kernel may still read into the state
}

void loop::guest_came() noexcept { ++state_->guests; }
void loop::guest_left() noexcept { --state_->guests; }
void loop::traveller_left() noexcept { ++state_->travellers; }
void loop::traveller_came() noexcept { --state_->travellers; }

/// What the kernel has not taken it need not give back: it ends here, the newest first.
void loop::take_back() noexcept {
    submission_queue& sq = ring_.sq();
    if (has(features().setup, abi::setup::sqpoll))
        return; // a poller may be taking it
    while (sq.pending() != 0) {
        std::uint64_t const user_data = sq.at(sq.next() - 1)->user_data;
        if (!sq.withdraw_newest())
            return;
        if ((user_data & own_bit) != 0) {
            if (user_data == static_cast<std::uint64_t>(own_operation::marker))
                wait_for_another_marker();
            own(user_data);
            continue;
        }
        completion& c = completion_of(user_data);
        c.note(abi::cqe{0, -ECANCELED, 0});
        tell(loop_event::kind::completed, c);
        ready_.push(c);
    }
}

bool loop::run_without_kernel() noexcept {
    loop_state& s = *state_;
    loop_running const here(*this, s.running);
    s.box.awake();
    take_back();
    bool ran = reap();
    std::size_t const due = s.wheel.size() != 0 ? s.wheel.expire(now()) : 0;
    std::size_t const items = s.box.take().run();
    ran |= run_batch();
    s.counts.expired += due;
    return ran || due != 0 || items != 0;
}

/// The kernel knows what is in flight: it is cancelled, and the first that ends has the name.
void loop::destroyed_in_flight() noexcept {
    loop_state& s = *state_;
    char const* name = "unknown";
    if (!s.waiting.empty())
        name = static_cast<completion&>(*s.waiting.begin()).functions().name;
    else if (make_room(1)) {
        op::fill(reserve_own(), op::cancel{.what = op::cancel_match::any(), .all = true},
                 static_cast<std::uint64_t>(own_operation::driver_update));
        abi::cqe const* c = nullptr;
        for (int i = 0; i < 10 && c == nullptr; ++i) {
            static_cast<void>(enter(true, now() + 100'000'000));
            do
                c = ring_.cq().take();
            while (c != nullptr && (c->user_data & own_bit) != 0);
        }
        if (c != nullptr)
            name = completion_of(c->user_data).functions().name;
    }
    std::fprintf(stderr,
                 "rondo: a loop was destroyed with an operation in flight: %s; run the loop until "
                 "it is over, cancel it first if need be\n",
                 name);
    std::abort();
}

} // namespace rondo
