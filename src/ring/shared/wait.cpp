// SPDX-License-Identifier: MIT
#include "shard.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/timespec.hpp>
#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>

namespace rondo {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t a_while = second / 100;

void set(flight& f, flight::state to) noexcept {
    __atomic_store_n(&f.word, static_cast<std::uint32_t>(to), __ATOMIC_RELAXED);
}

/// A wait that fails for good would be tried again for ever.
void check_wait(long answer) noexcept {
    RONDO_ASSERT(
        answer >= 0 || answer == -EINTR || answer == -ETIME || answer == -EAGAIN ||
            answer == -EBUSY || answer == -EBADR,
        "io_uring_enter failed for good: the descriptor of a shared ring was closed behind "
        "its back");
}

/// 0, or why to wait no longer.
int passed(std::int64_t until) noexcept {
    if (until == call_deadline::ended)
        return ECANCELED;
    return until != call_deadline::never && until <= steady_now() ? ETIME : 0;
}

} // namespace

bool shard::has_its_due(flight const& f) const noexcept {
    if (f.streams)
        return !stream.empty() || (stopped && in_flight_ == 0);
    return load_relaxed(&f.word) == flight::over;
}

int shard::wait(flight& f, std::int64_t const& until) noexcept {
    hold h(*this);
    std::int64_t ask_again = call_deadline::never;
    for (;;) {
        answer_call(f);
        if (!has_poller_ && ring_.sq().pending() != 0)
            flush(h);
        reap(h);
        if (has_its_due(f))
            return 0;
        std::int64_t at = load_acquire(&until);
        if (int const why = passed(at); why != 0)
            return why;
        if (f.cancelled) {
            at = std::min(at, cancel_again(h, f, ask_again));
            if (has_its_due(f)) // that may have let go of the lock
                return 0;
        }
        if (reaper_ == nullptr) {
            reaper_ = &f; // step "become reaper"
            kept_one_ = false;
            h.let_go();
            sleep_in_kernel(at);
            h.take();
            reaper_ = nullptr; // step "leave the kernel"
            ring_.cq().release();
        } else {
            set(f, flight::slept); // step "go to sleep"
            link(f);
            h.let_go();
            futex_wait(&f.word, flight::slept, at);
            if (f.is_over())
                return 0;
            h.take();
            if (f.listed)
                unlink(f);
            if (load_relaxed(&f.word) == flight::slept)
                set(f, flight::idle);
        }
    }
}

/// A cancel that meets a worker between its attempt and its poll is lost: it is repeated now and
/// then. Returns when to look again.
std::int64_t shard::cancel_again(hold& h, flight& f, std::int64_t& next) noexcept {
    std::int64_t const now = steady_now();
    if (next <= now)
        cancel(h, f);
    if (next <= now || next == call_deadline::never)
        next = now + a_while;
    return next;
}

void shard::sleep_in_kernel(std::int64_t until) noexcept {
    if (until == call_deadline::never) {
        check_wait(enter_kernel(1, raw(abi::enter::getevents), nullptr, 0));
        return;
    }
    std::int64_t left = until - steady_now();
    left = left < 0 ? 0 : left;
    if (!timed_) { // before Linux 5.11 a wait has no deadline of its own: look again soon
        constexpr std::int64_t millisecond = 1'000'000;
        std::uint32_t const never_woken = 0;
        if (ring_.cq().ready() == 0)
            futex_wait(&never_woken, 0, steady_now() + (left < millisecond ? left : millisecond));
        return;
    }
    abi::timespec const limit{left / second, left % second};
    abi::getevents_arg arg{};
    arg.ts = reinterpret_cast<std::uintptr_t>(&limit);
    check_wait(enter_kernel(1, raw(abi::enter::getevents | abi::enter::ext_arg), &arg, sizeof arg));
}

/// Step "call": a sleeper is told to come and look.
void shard::call(hold& h, flight& f) noexcept {
    unlink(f);
    set(f, flight::called);
    ++called_;
    ++handovers_;
    h.wake_later(f);
}

void shard::answer_call(flight& f) noexcept {
    if (load_relaxed(&f.word) == flight::called) {
        set(f, flight::idle);
        --called_;
    }
}

void shard::link(flight& f) noexcept {
    f.listed = true;
    f.next = nullptr;
    f.previous = last_sleeper_;
    (last_sleeper_ != nullptr ? last_sleeper_->next : first_sleeper_) = &f;
    last_sleeper_ = &f;
}

void shard::unlink(flight& f) noexcept {
    f.listed = false;
    (f.previous != nullptr ? f.previous->next : first_sleeper_) = f.next;
    (f.next != nullptr ? f.next->previous : last_sleeper_) = f.previous;
}

void shard::nudge(flight& f) noexcept {
    if (is_child()) // who waits is the parent's
        return;
    hold h(*this);
    stir(h, f);
}

/// Whoever waits for the flight goes round its loop once more.
void shard::stir(hold& h, flight& f) noexcept {
    if (f.listed) {
        call(h, f);
    } else if (reaper_ == &f) {
        abi::sqe entry{};
        entry.opcode = static_cast<std::uint8_t>(abi::opcode::nop);
        entry.fd = -1;
        entry.user_data = flight::tag;
        send(h, entry);
    }
}

void shard::cancel(hold& h, flight& f) noexcept {
    f.cancelled = true;
    abi::sqe entry{};
    entry.opcode = static_cast<std::uint8_t>(abi::opcode::async_cancel);
    entry.fd = -1;
    entry.addr = f.user_data();
    entry.user_data = flight::tag;
    send(h, entry);
    if (f.listed) // so that it asks again
        call(h, f);
}

void shard::cancel_everything(hold& h) noexcept {
    abi::sync_cancel_reg request{};
    request.fd = -1;
    request.flags = raw(abi::cancel_flag::any | abi::cancel_flag::all);
    auto const asked = ring_.registry()->call(abi::register_op::sync_cancel, &request, 1);
    if (asked || asked.error() != EINVAL)
        return;
    abi::sqe entry{}; // before Linux 6.0
    entry.opcode = static_cast<std::uint8_t>(abi::opcode::async_cancel);
    entry.fd = -1;
    entry.cancel_flags = request.flags;
    entry.user_data = flight::tag;
    send(h, entry);
}

void shard::drain() noexcept {
    flight f;
    for (;;) {
        {
            hold h(*this);
            stopped = true;
            flush(h);
            reap(h);
            if (in_flight_ == 0) {
                if (stream_waiter != nullptr)
                    stir(h, *stream_waiter);
                return;
            }
            // Again each time: what was between two of its firings was not there to be cancelled.
            cancel_everything(h);
        }
        std::int64_t const until = steady_now() + a_while;
        wait(f, until);
    }
}

} // namespace rondo
