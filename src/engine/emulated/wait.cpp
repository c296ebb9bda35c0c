// SPDX-License-Identifier: MIT
// Entering: submissions, what came meanwhile, and the wait for completions. One thread sleeps in
// the poller; others that wait for the same ring wait for it to come back.
#include "kernel_side.hpp"

#include "calls.hpp"
#include "director.hpp"
#include "installation.hpp"
#include "known_flags.hpp"
#include "timeouts.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

namespace rondo::engine::emulation {
namespace {

constexpr std::int64_t between_presses = 1'000'000;

bool has_flag(std::uint32_t flags, abi::enter f) noexcept { return (flags & raw(f)) != 0; }

} // namespace

std::int64_t kernel_side::now() const noexcept { return time_on(clock_); }

bool kernel_side::belongs_elsewhere() const noexcept {
    return has(flags_, abi::setup::single_issuer) && owner_ != call(SYS_gettid);
}

long kernel_side::enter(std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
                        void const* arg, std::size_t arg_size) noexcept {
    if ((flags & ~raw(known_enter | idle_enter)) != 0)
        return -EINVAL;
    std::unique_lock held(lock_);
    if (closed_)
        return -EBADF;
    if (disabled_)
        return -EBADFD;
    bool const waits = has_flag(flags, abi::enter::getevents);
    if ((to_submit != 0 || (waits && has(flags_, abi::setup::defer_taskrun))) &&
        belongs_elsewhere())
        return -EEXIST;
    std::uint32_t const taken = to_submit != 0 ? submit(to_submit) : 0;
    std::int32_t waited = 0;
    if (waits) {
        wait_limits limits;
        waited = read_limits(limits, min_complete, flags, arg, arg_size);
        if (waited == 0)
            waited = wait(held, limits);
    } else {
        expire_counts();
        run_ready();
    }
    leave();
    return taken != 0 ? static_cast<long>(taken) : waited;
}

std::int32_t kernel_side::read_limits(wait_limits& out, std::uint32_t min_complete,
                                      std::uint32_t flags, void const* arg,
                                      std::size_t arg_size) noexcept {
    out.count = std::min(min_complete, queues_.cq_entries());
    abi::getevents_arg given{};
    abi::timespec const* limit = nullptr;
    if (!has_flag(flags, abi::enter::ext_arg)) {
        out.signals = arg;
        out.signals_bytes = arg_size;
        return 0;
    }
    if (has_flag(flags, abi::enter::ext_arg_reg)) {
        auto const offset = reinterpret_cast<std::uintptr_t>(arg);
        if (region_ == nullptr || arg_size != sizeof(abi::reg_wait))
            return -EINVAL;
        if (offset % alignof(abi::reg_wait) != 0 || offset + sizeof(abi::reg_wait) > region_bytes_)
            return -EFAULT;
        auto const& slot = *reinterpret_cast<abi::reg_wait const*>(
            static_cast<std::byte const*>(region_) + offset);
        if ((slot.flags & ~raw(abi::reg_wait_flag::ts)) != 0)
            return -EINVAL;
        given = {slot.sigmask, slot.sigmask_sz, slot.min_wait_usec, 0};
        if (slot.flags != 0)
            limit = &slot.ts;
    } else {
        if (arg_size != sizeof given)
            return -EINVAL;
        if (arg == nullptr)
            return -EFAULT;
        given = *static_cast<abi::getevents_arg const*>(arg);
        limit = pointer_to<abi::timespec const>(given.ts);
    }
    out.signals = pointer_to<void const>(given.sigmask);
    out.signals_bytes = given.sigmask_sz;
    if (limit != nullptr) {
        std::int64_t const ns = nanoseconds(limit->tv_sec, limit->tv_nsec);
        out.until = has_flag(flags, abi::enter::abs_timer) ? ns : later(now(), ns);
    }
    if (given.min_wait_usec != 0)
        out.batch_until = later(now(), std::int64_t{given.min_wait_usec} * 1000);
    return 0;
}

std::int32_t kernel_side::wait(std::unique_lock<std::mutex>& held,
                               wait_limits const& limits) noexcept {
    called_ = false;
    // What the attendant has told of is taken in by the next who waits.
    bool looked = limits.count != 0 && !tended_;
    for (;;) {
        receive();
        expire_timers();
        run_ready();
        expire_counts();
        run_ready();
        holds_overflow_ = false;
        flush_overflow();
        std::uint32_t const ready = queues_.completions();
        if (!looked || (ready >= limits.count && ++unlooked_ % 8 == 0)) {
            looked = true; // what is ready is taken along, without a sleep
            if ((requests_.size() != 0 || rung_) && !sleeps_) {
                collect();
                continue;
            }
        }
        if (ready >= limits.count)
            return 0;
        std::int64_t const left = time_left(limits);
        if (left == 0)
            return ready != 0 ? 0 : -ETIME;
        std::int32_t const slept = sleep(held, left, limits);
        if (closed_)
            return -EBADF;
        if (slept < 0)
            return queues_.completions() != 0 ? 0 : slept;
    }
}

/// Nanoseconds until something has to be done about `limits` or a timer; -1: none of that; 0: the
/// wait is over.
std::int64_t kernel_side::time_left(wait_limits const& limits) noexcept {
    std::int64_t best = pressed_.empty() ? -1 : between_presses;
    auto const consider = [&best](std::int64_t ns) {
        best = best < 0 ? std::max<std::int64_t>(ns, 1) : std::clamp<std::int64_t>(ns, 1, best);
    };
    if (limits.until >= 0 || limits.batch_until >= 0) {
        std::int64_t const time = now();
        if (limits.until >= 0 && limits.until <= time)
            return 0;
        if (limits.until >= 0)
            consider(limits.until - time);
        if (limits.batch_until > time)
            consider(limits.batch_until - time);
        else if (limits.batch_until >= 0 && queues_.completions() != 0)
            return 0;
    }
    if (std::int64_t const timer = time_to_timer(); timer >= 0)
        consider(timer);
    return best;
}

std::int32_t kernel_side::sleep(std::unique_lock<std::mutex>& held, std::int64_t ns,
                                wait_limits const& limits) noexcept {
    if (sleeps_) {
        // What this thread posted may be what the one in the poller waits for.
        leave();
        ++others_;
        if (ns < 0)
            turn_.wait(held);
        else
            turn_.wait_for(held, std::chrono::nanoseconds(ns));
        --others_;
        return closed_ ? -EBADF : 0;
    }
    if (std::exchange(rung_, false))
        poller_.calm();
    ::epoll_event events[poller::batch];
    if (others_ != 0)
        turn_.notify_all();
    sleeps_ = true;
    // With hand_over's order of putting and looking, one of the two sees the other.
    asleep_.store(true);
    long found = 0;
    if (!inbox_.is_filled()) {
        held.unlock();
        found = poller_.sleep(events, ns, limits.signals, limits.signals_bytes);
        held.lock();
    }
    asleep_.store(false);
    sleeps_ = false;
    if (others_ != 0)
        turn_.notify_all();
    if (closed_)
        return -EBADF;
    if (found < 0)
        return static_cast<std::int32_t>(found);
    press_workers();
    deliver({events, static_cast<std::size_t>(found)});
    return 0;
}

/// Attempts what is ready, without a sleep.
void kernel_side::collect() noexcept {
    ::epoll_event events[poller::batch];
    long found = 0;
    do {
        found = poller_.sleep(events, 0, nullptr, 0);
        press_workers();
        if (found > 0)
            deliver({events, static_cast<std::size_t>(found)});
    } while (tended_ && found == static_cast<long>(poller::batch)); // nobody is told of the rest
}

void kernel_side::deliver(std::span<::epoll_event const> events) noexcept {
    for (::epoll_event const& event : events) {
        poller::ready what{};
        if (poller::is_alarm(event)) {
            forget_alarm();
            continue;
        }
        if (!poller::read(event, what)) {
            if (!rung_ || queues_.completions() == 0) {
                rung_ = false;
                poller_.calm();
            }
            continue;
        }
        request* const r = requests_.at(what.index, what.generation);
        if (r == nullptr || r->where != place::polled)
            continue; // it ended while another event was dealt with
        r->seen_events = what.events;
        attempt(*r);
    }
    if (director_ != nullptr)
        wake_for_nothing();
    run_ready();
}

/// As a director wishes.
void kernel_side::wake_for_nothing() noexcept {
    request* next = nullptr;
    for (request* r = requests_.oldest(); r != nullptr; r = next) {
        next = r->newer;
        if (r->where != place::polled || !director_->wakes(*r))
            continue;
        r->seen_events = 0;
        attempt_again(*r); // from the queue: what it ends is not in the way here
    }
}

/// Takes in what came from outside the lock.
void kernel_side::receive() noexcept {
    if (!inbox_.is_filled())
        return;
    told_ = true; // whoever put it there set the flag
    inbox::contents mail = inbox_.take();
    for (abi::cqe32 const& c : mail.completions)
        post(c, nullptr);
    while (mail.requests != nullptr) {
        request& r = *mail.requests;
        mail.requests = std::exchange(r.next, nullptr);
        r.keeper.reset();
        r.where = place::nowhere;
        outcome const how = r.handed;
        if (r.cancelled && how.what != outcome::kind::done)
            finish(r, outcome::answer(-ECANCELED));
        else if (how.what == outcome::kind::poll) {
            groups_.recycle(r);
            wait_for_events(r, how.events);
        } else
            finish(r, how);
    }
}

/// What has to be told before the lock is given up.
void kernel_side::leave() noexcept {
    flush_overflow();
    if (sleeps_)
        poller_.wake();
    if (others_ != 0)
        turn_.notify_all();
    if (exposed_ && !rung_ && queues_.completions() != 0) {
        rung_ = true;
        poller_.wake();
    }
    if (exposed_ || tended_)
        set_alarm();
    if (overlooked_ && !sleeps_) {
        overlooked_ = false;
        home_.tender().look_again(*this);
    }
    // A reaper who finds nothing enters when this flag says that it may be worth it.
    bool const pending = requests_.size() != 0 || rung_ || inbox_.is_filled();
    if (pending != told_) {
        told_ = pending;
        if (pending)
            queues_.set_flags(abi::sq_ring_flag::taskrun);
        else
            queues_.clear_flags(abi::sq_ring_flag::taskrun);
    }
    if (!pending && inbox_.is_filled()) { // put there between the two
        told_ = true;
        queues_.set_flags(abi::sq_ring_flag::taskrun);
    }
}

} // namespace rondo::engine::emulation
