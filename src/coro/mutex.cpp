// SPDX-License-Identifier: MIT
#include <rondo/coro/mutex.hpp>

#include <rondo/core/assert.hpp>

#include <cerrno>

namespace rondo {

using detail::locked;
using detail::wait_outcome;

mutex::~mutex() {
    RONDO_ASSERT(waiting_.empty(), "a mutex was destroyed while somebody waits for it");
    RONDO_ASSERT(!held_, "a mutex was destroyed while it is held; destroy its guard first");
}

bool mutex::take_or_wait(detail::waiter& w) noexcept {
    locked const here(lock_);
    if (held_) {
        waiting_.push(w);
        return false;
    }
    held_ = true;
    w.settle(wait_outcome::granted);
    return true;
}

result<mutex::guard> mutex::try_lock() noexcept {
    locked const here(lock_);
    if (held_)
        return fail(EAGAIN, attempt::wait);
    held_ = true;
    return guard(*this);
}

void mutex::let_go() noexcept {
    detail::woken next;
    {
        locked const here(lock_);
        if (waiting_.empty())
            held_ = false;
        else
            waiting_.pop(wait_outcome::granted, next);
    }
    next.go_on();
}

} // namespace rondo
