// SPDX-License-Identifier: MIT
#include <rondo/ring/call_deadline.hpp>

#include "shard.hpp"

#include <rondo/core/assert.hpp>

namespace rondo {

std::int64_t steady_time_of(deadline until) noexcept {
    if (until.which() == deadline::kind::never)
        return call_deadline::never;
    if (until.which() == deadline::kind::absolute)
        return until.nanoseconds();
    std::int64_t at = 0;
    return __builtin_add_overflow(steady_now(), until.nanoseconds(), &at) ? call_deadline::never
                                                                          : at;
}

call_deadline::~call_deadline() {
    RONDO_ASSERT(first_ == nullptr, "a call_deadline was destroyed while a call waits by it");
}

void call_deadline::enter(call& c) noexcept {
    lock_.take();
    c.next = first_;
    if (first_ != nullptr)
        first_->previous = &c;
    first_ = &c;
    lock_.let_go();
}

void call_deadline::leave(call& c) noexcept {
    lock_.take();
    (c.previous != nullptr ? c.previous->next : first_) = c.next;
    if (c.next != nullptr)
        c.next->previous = c.previous;
    lock_.let_go();
}

void call_deadline::set(deadline until) noexcept { move_to(steady_time_of(until)); }

void call_deadline::end() noexcept { move_to(ended); }

/// Under its own lock, so that no call leaves before it was told; a shard's lock comes after it.
void call_deadline::move_to(std::int64_t at) noexcept {
    lock_.take();
    if (at_ != ended) {
        // Partner: the acquire of shard::wait, which looks under the lock that nudge takes.
        store_release(&at_, at);
        for (call* c = first_; c != nullptr; c = c->next)
            c->where->nudge(*c->what);
    }
    lock_.let_go();
}

std::uint32_t call_deadline::waiting() const noexcept {
    lock_.take();
    std::uint32_t n = 0;
    for (call const* c = first_; c != nullptr; c = c->next)
        ++n;
    lock_.let_go();
    return n;
}

} // namespace rondo
