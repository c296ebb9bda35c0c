// SPDX-License-Identifier: MIT
#include <rondo/coro/semaphore.hpp>

#include <rondo/core/assert.hpp>

#include <cerrno>

namespace rondo {

using detail::locked;
using detail::wait_outcome;

semaphore::~semaphore() {
    RONDO_ASSERT(waiting_.empty(), "a semaphore was destroyed while somebody waits for it");
}

bool semaphore::take_or_wait(detail::acquire_wait& w) noexcept {
    locked const here(lock_);
    if (!waiting_.empty() || free_ < w.count()) {
        waiting_.push(w);
        return false;
    }
    free_ -= w.count();
    w.settle(wait_outcome::granted);
    return true;
}

result<semaphore::permit> semaphore::try_acquire(std::size_t n) noexcept {
    locked const here(lock_);
    if (!waiting_.empty() || free_ < n)
        return fail(EAGAIN, attempt::wait);
    free_ -= n;
    return permit(*this, n);
}

void semaphore::release(std::size_t n) noexcept {
    detail::woken next;
    {
        locked const here(lock_);
        bool const too_many = __builtin_add_overflow(free_, n, &free_);
        RONDO_ASSERT(!too_many, "a semaphore was given more permits than it can count");
        grant(next);
    }
    next.go_on();
}

void semaphore::grant(detail::woken& to) noexcept {
    while (detail::waiter* const first = waiting_.first()) {
        std::size_t const wanted = static_cast<detail::acquire_wait*>(first)->count();
        if (wanted > free_)
            return;
        free_ -= wanted;
        waiting_.pop(wait_outcome::granted, to);
    }
}

std::size_t semaphore::available() noexcept {
    locked const here(lock_);
    return free_;
}

} // namespace rondo
