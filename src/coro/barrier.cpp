// SPDX-License-Identifier: MIT
#include <rondo/coro/barrier.hpp>

#include <rondo/core/assert.hpp>

#include <utility>

namespace rondo {

using detail::locked;
using detail::wait_outcome;

barrier::barrier(std::size_t parties) noexcept : parties_(parties) {
    RONDO_ASSERT(parties != 0, "a barrier needs a party at least");
}

barrier::~barrier() {
    RONDO_ASSERT(waiting_.empty(), "a barrier was destroyed while somebody waits for it");
}

bool barrier::arrive(detail::waiter& w) noexcept {
    detail::woken all;
    {
        locked const here(lock_);
        RONDO_ASSERT(parties_ != 0, "all parties have left this barrier");
        if (arrived_ + 1 < parties_) {
            ++arrived_;
            waiting_.push(w);
            return false;
        }
        arrived_ = 0;
        waiting_.pop_all(wait_outcome::granted, all);
        w.settle(wait_outcome::granted);
    }
    all.go_on();
    return true;
}

void barrier::leave() noexcept {
    detail::woken all;
    {
        locked const here(lock_);
        RONDO_ASSERT(parties_ > arrived_, "a party left a barrier at which all others wait, or "
                                          "all parties had left it");
        if (--parties_ == arrived_) {
            arrived_ = 0;
            waiting_.pop_all(wait_outcome::granted, all);
        }
    }
    all.go_on();
}

} // namespace rondo
