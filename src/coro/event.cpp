// SPDX-License-Identifier: MIT
#include <rondo/coro/event.hpp>

#include <rondo/core/assert.hpp>

namespace rondo {

using detail::locked;
using detail::wait_outcome;

event::~event() {
    RONDO_ASSERT(waiting_.empty(), "an event was destroyed while somebody waits for it");
}

bool event::pass_or_wait(detail::waiter& w) noexcept {
    locked const here(lock_);
    if (!is_set_) {
        waiting_.push(w);
        return false;
    }
    w.settle(wait_outcome::granted);
    return true;
}

void event::set() noexcept {
    detail::woken all;
    {
        locked const here(lock_);
        is_set_ = true;
        waiting_.pop_all(wait_outcome::granted, all);
    }
    all.go_on();
}

void event::reset() noexcept {
    locked const here(lock_);
    is_set_ = false;
}

bool event::is_set() noexcept {
    locked const here(lock_);
    return is_set_;
}

} // namespace rondo
