// SPDX-License-Identifier: MIT
#include <rondo/ring/ring.hpp>

#include "state.hpp"

#include <rondo/core/assert.hpp>

#include <cerrno>
#include <poll.h>

namespace rondo {
namespace {

/// A millisecond, for when the kernel has no memory for a request and nothing else can be done.
void pause_briefly() noexcept { static_cast<void>(::poll(nullptr, 0, 1)); }

} // namespace

result<> ring::begin_run() noexcept {
    if (result<> bound = bind_to_this_thread(); !bound)
        return fail(bound.error());
    if (!state_->held.make_room(cq_.capacity()))
        return fail(ENOMEM, attempt::allocate);
    while (!sq_.has_room(1)) {
        result<> const room = make_room(1);
        if (room)
            break;
        if (room.error() == EBUSY)
            take_completions(nullptr);
        else if (room.error() == EAGAIN)
            pause_briefly();
        else {
            hold_others();
            return fail(room.error());
        }
    }
    return {};
}

/// Moves everything from the queue to where pop() finds it later, except the completions of run
/// itself. True when `out` has its final one.
bool ring::take_completions(abi::cqe32* out) noexcept {
    cq_.unhold();
    bool over = false;
    abi::cqe32 c;
    while (!over && cq_.pop(c)) {
        if (out == nullptr || c.head.user_data != reserved_user_data) {
            state_->held.push(c);
            continue;
        }
        if (!abi::has(c.head, abi::cqe_flag::notif))
            *out = c;
        over = !abi::more(c.head);
    }
    return over;
}

result<> ring::finish_run(abi::cqe32& out) noexcept {
    while (!take_completions(&out)) {
        flush_deferred();
        if (take_completions(&out))
            break;
        std::uint32_t flags = raw(abi::enter::getevents);
        std::uint32_t queued = 0;
        if (state_->has_poller) {
            queued = sq_.unpublished();
            annotate::submitting(); // the poller may take it as soon as it is published
            flags |= sq_.publish_to_poller() ? raw(abi::enter::sq_wakeup) : 0;
        } else {
            queued = sq_.publish_any();
        }
        cq_.release();
        auto const entered = enter_with(queued, wait_options{.count = 1}, flags);
        if (entered || entered.error() == EINTR)
            continue;
        if (entered.error() == EAGAIN || entered.error() == EBUSY) {
            pause_briefly();
            continue;
        }
        RONDO_ASSERT(!state_->has_poller && sq_.withdraw_newest(),
                     "io_uring_enter failed for good while ring::run had an operation in flight");
        hold_others();
        return fail(entered.error());
    }
    hold_others();
    return {};
}

} // namespace rondo
