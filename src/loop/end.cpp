// SPDX-License-Identifier: MIT

// How a loop ends: with nothing in flight. Orphans, and the end of all else.

#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/loop/orphan.hpp>
#include <rondo/op/cancel.hpp>

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
    state_->forget_repeat();
    rondo::ring const first(std::move(ring_)); // the kernel may still read into the state
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
