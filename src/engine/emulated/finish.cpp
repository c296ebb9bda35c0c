// SPDX-License-Identifier: MIT
// Ends of requests: completions, the overflow behind a full queue, what is linked, link timeouts.
#include "kernel_side.hpp"

#include "calls.hpp"
#include "descriptors.hpp"
#include "director.hpp"
#include "timeouts.hpp"

#include <rondo/abi/opcode.hpp>
#include <rondo/core/assert.hpp>

#include <cerrno>
#include <new>

namespace rondo::engine::emulation {

/// `of` is null for what is no request's.
void kernel_side::post(abi::cqe32 const& c, request const* of) noexcept {
    bool const held = director_ != nullptr && director_->overflows(c, of);
    holds_overflow_ = holds_overflow_ || held;
    if (held || !overflow_.empty() || !queues_.post(c)) {
        try {
            overflow_.push_back(c);
            queues_.set_flags(abi::sq_ring_flag::cq_overflow);
        } catch (std::bad_alloc const&) {
            queues_.count_overflow(); // as the kernel does when it has no memory
        }
    }
    if (has_event_) {
        std::lock_guard const events(event_lock_);
        signal_event(submitting_);
    }
    if (!counted_.empty())
        counts_due_ = true;
}

void kernel_side::flush_overflow() noexcept {
    if (overflow_.empty() || holds_overflow_)
        return;
    while (!overflow_.empty() && queues_.post(overflow_.front()))
        overflow_.pop_front();
    if (overflow_.empty())
        queues_.clear_flags(abi::sq_ring_flag::cq_overflow);
}

void kernel_side::signal_event(bool inline_completion) noexcept {
    if (!event_ || (inline_completion && event_async_) || !queues_.wants_events())
        return;
    std::uint64_t const one = 1;
    call(SYS_write, event_.get(), &one, sizeof one);
}

void kernel_side::post_more(request& r, std::int32_t res, std::uint32_t flags) noexcept {
    r.answered = true;
    post({{r.sqe().user_data, res, flags | raw(abi::cqe_flag::more)}, {}}, &r);
}

void kernel_side::finish(request& r, outcome const& answer) noexcept {
    outcome how = answer;
    detach(r);
    install(r, how);
    // Whatever the operation does with its failures, without its file it was not begun.
    auto const code = static_cast<abi::opcode>(r.sqe().opcode);
    bool const no_file = (code == abi::opcode::ftruncate || code == abi::opcode::fallocate) &&
                         how.res == -EBADF && !gives_access(r.fd);
    r.failed = how.res < 0 ? no_file || !how.harmless : how.broken || r.shortened;
    how.flags |= groups_.commit(r, how.res);
    bool const silent = r.has(abi::sqe_flag::cqe_skip_success) && !r.failed;
    abi::cqe32 c{{r.sqe().user_data, how.res, how.flags}, {how.extra[0], how.extra[1]}};
    if (how.notify) {
        // A zero-copy send that copied: its buffer is free already, and the notification says so.
        c.head.flags |= raw(abi::cqe_flag::more);
        post(c, &r);
        abi::cqe32 const note{{r.sqe().user_data, how.notice, raw(abi::cqe_flag::notif)}, {}};
        if (director_ == nullptr || !director_->keeps_notification(r, how.res, note))
            post(note, &r);
    } else if (!silent) {
        post(c, &r);
    }
    drop_guard(r);
    request* const rest = std::exchange(r.rest, nullptr);
    bool const breaks = r.failed && !r.has(abi::sqe_flag::io_hardlink);
    bool const silences = breaks && r.has(abi::sqe_flag::cqe_skip_success);
    release(r);
    if (rest == nullptr)
        return;
    if (breaks)
        return fail_chain(rest, silences);
    rest->follows = true;
    ready_.push(*rest);
}

/// -ECANCELED for everything behind a failure; nothing when that failure was under skip_success.
void kernel_side::fail_chain(request* first, bool silent) noexcept {
    while (first != nullptr) {
        request* const rest = std::exchange(first->rest, nullptr);
        if (!silent)
            post({{first->sqe().user_data, -ECANCELED, 0}, {}}, first);
        release(*first);
        first = rest;
    }
}

void kernel_side::release(request& r) noexcept {
    --issued_;
    requests_.remove(r);
    if (issued_ == 0 && ready_.empty())
        start_deferred();
}

/// Takes it out of wherever it waits.
void kernel_side::detach(request& r) noexcept {
    if (r.armed)
        poller_.unwatch(r);
    if (r.where == place::timed) {
        if (r.due != no_time)
            timers_.remove(r);
        std::erase(counted_, &r);
    }
    if (r.cancelled)
        std::erase(pressed_, &r);
    r.where = place::nowhere;
}

void kernel_side::attach_guard(request& r) noexcept {
    request& guard = *r.rest;
    r.rest = std::exchange(guard.rest, nullptr);
    r.guard = &guard;
    guard.guarded = &r;
    guard.where = place::nowhere;
    guard.attempted = true;
}

/// A link timeout runs from the moment that the first attempt at what it guards is over.
void kernel_side::arm_guard(request& guard) noexcept {
    outcome const how = guard.what->attempt(guard, false);
    if (how.what == outcome::kind::done)
        guard.result = how.res; // it could not be armed: told when the guarded one ends
    else if (!keep(guard))
        guard.result = -ENOMEM;
}

void kernel_side::drop_guard(request& r) noexcept {
    request* const guard = std::exchange(r.guard, nullptr);
    if (guard == nullptr)
        return;
    std::int32_t answer = guard->result != 0 ? guard->result : -ECANCELED;
    bool const no_file = r.failed && r.what->has_file && !is_open(r.fd);
    if (guard->where == place::nowhere && guard->result == 0 && !no_file) {
        // The kernel arms it after the first attempt also when that was the last: one that is due
        // at once finds nothing to cancel. Without a file there was no attempt.
        arm_guard(*guard);
        if (guard->where == place::timed && guard->due <= time_on(system_clock_of(guard->clock)))
            answer = -ENOENT;
    }
    detach(*guard);
    if (!guard->has(abi::sqe_flag::cqe_skip_success))
        post({{guard->sqe().user_data, answer, 0}, {}}, guard);
    release(*guard);
}

} // namespace rondo::engine::emulation
