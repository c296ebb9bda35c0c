// SPDX-License-Identifier: MIT
#include <rondo/coro/waiter.hpp>

#include <rondo/core/assert.hpp>
#include <rondo/core/futex.hpp>

#include <cerrno>
#include <limits>
#include <utility>

namespace rondo::detail {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::int64_t point_of(deadline until) noexcept {
    if (until.which() == deadline::kind::never)
        return never;
    if (until.which() == deadline::kind::absolute)
        return until.nanoseconds();
    std::int64_t at = 0;
    return __builtin_add_overflow(steady_now(), until.nanoseconds(), &at) ? never : at;
}

} // namespace

void woken::go_on() noexcept {
    for (waiter* w = std::exchange(first_, nullptr); w != nullptr;)
        std::exchange(w, w->next_)->go_on();
    end_ = &first_;
}

void waiter::go_on() noexcept {
    if (line_ == nullptr) {
        // Release: the partner is sleep()'s acquire. The word may be gone when it is woken.
        std::uint32_t* const word = &told_;
        store_release(word, std::uint32_t{1});
        futex_wake(word);
        return;
    }
    loop& home = line_->where();
    if (&home == loop::current()) {
        home.post(*this);
        return;
    }
    bool const posted = home.inbox().post(*this);
    RONDO_ASSERT(posted,
                 "what a coroutine waited for came when its loop had ended; end the coroutine "
                 "before its loop");
}

void waiter::run_it(work& w) noexcept {
    auto& self = static_cast<waiter&>(w);
    self.line_->waits_for(nullptr);
    self.frame_.resume();
}

/// One that is listed no more is not looked for: what it waited for may be gone. One that is cannot
/// be destroyed.
bool waiter::withdraw(wait_outcome why) noexcept {
    // Relaxed: a hint, which is looked at again under the lock.
    if (!load_relaxed(&listed_))
        return false;
    woken others;
    bool was_listed = false;
    {
        locked const here(list_->lock_);
        was_listed = listed_;
        if (was_listed) {
            list_->remove(*this);
            outcome_ = why;
            auto const& own = static_cast<wait_functions const&>(functions());
            if (own.left != nullptr)
                own.left(*this, others);
        }
    }
    others.go_on();
    return was_listed;
}

void waiter::sleep(deadline until) noexcept {
    std::int64_t at = point_of(until);
    // Acquire: the partner is go_on()'s release.
    while (load_acquire(&told_) == 0) {
        futex_wait(&told_, 0, at);
        if (at == never || steady_now() < at || load_acquire(&told_) != 0)
            continue;
        if (withdraw(wait_outcome::late))
            return;
        at = never; // its turn came, and it is about to be told
    }
}

error failure_of(wait_outcome how) noexcept {
    switch (how) {
    case wait_outcome::ended: return error(EPIPE, attempt::use_closed, cause::ended);
    case wait_outcome::failed: return error(ENOMEM, attempt::allocate);
    case wait_outcome::late: return error(ETIME, attempt::wait);
    case wait_outcome::none: return error(EAGAIN, attempt::wait);
    default: return stopped_error();
    }
}

} // namespace rondo::detail
