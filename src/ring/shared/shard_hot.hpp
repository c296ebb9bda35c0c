// SPDX-License-Identifier: MIT
#pragma once

// The way of an operation that completes at once, in one piece: each return costs twice after a
// system call, which leaves a processor without its memory of where to return to. Under a shard's
// lock.

#include "descriptor.hpp"
#include "shard.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/core/annotate.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo {

[[gnu::always_inline]] inline long shard::enter(std::uint32_t n, std::uint32_t least,
                                                std::uint32_t flags, void const* arg,
                                                std::size_t arg_size) noexcept {
    annotate::submitting();
    long answer = 0;
    if (backend_ == nullptr) [[likely]] {
        ring_descriptor const by = registers_ ? descriptor_here(id_, fd_) : ring_descriptor{fd_, 0};
        answer = abi::call_enter(by.fd, n, least, flags | by.flags, arg, arg_size);
    } else {
        answer = backend_->enter(fd_, n, least, flags, arg, arg_size);
    }
    annotate::reaping();
    return answer;
}

[[gnu::always_inline]] inline void shard::queue(hold& h, abi::sqe const& entry) noexcept {
    if (ring_.sq().is_full()) [[unlikely]]
        make_room(h, 1);
    ring_.sq().reserve() = entry;
    ++in_flight_;
    ++submitted_;
}

[[gnu::always_inline]] inline void shard::flush_now(hold& h) noexcept {
    std::uint32_t const n = ring_.sq().publish();
    ++enters_;
    if (enter(n, 0, 0, nullptr, 0) != static_cast<long>(n)) [[unlikely]]
        flush_rest(h);
}

/// Step "finish". After the store its waiter may return, and the flight be gone.
[[gnu::always_inline]] inline void shard::finish(hold& h, flight& f) noexcept {
    if (load_relaxed(&f.word) != flight::idle) [[unlikely]]
        return finish_waited(h, f);
    // Partner: flight::is_over().
    store_release(&f.word, static_cast<std::uint32_t>(flight::over));
}

/// False when deliver_unusual() has to do it.
[[gnu::always_inline]] inline bool shard::is_usual(abi::cqe const& c) noexcept {
    constexpr auto unusual = abi::cqe_flag::more | abi::cqe_flag::notif;
    return c.user_data > flight::tag && (c.flags & raw(unusual)) == 0 && c.res > op::first_restart;
}

[[gnu::always_inline]] inline void shard::deliver(hold& h, abi::cqe const& c) noexcept {
    if (!is_usual(c)) [[unlikely]]
        return deliver_unusual(h, c);
    --in_flight_;
    flight* const f = flight::of(c.user_data);
    f->completion = c;
    finish(h, *f);
}

/// Step "keep one", see the top of shard.hpp.
[[gnu::always_inline]] inline void shard::give_back(bool taken) noexcept {
    if (reaper_ != nullptr) {
        kept_one_ |= taken;
        if (kept_one_) {
            ring_.cq().release_but_one();
            return;
        }
    }
    ring_.cq().release();
}

/// What is there, if it is nothing but operations that nobody sleeps for; with one look at the tail
/// and one store of the head. The rest is left for take_all.
[[gnu::always_inline]] inline void shard::take_usual() noexcept {
    completion_queue& cq = ring_.cq();
    std::uint32_t const n = cq.ready();
    cq.look(); // sees as many at least
    abi::cqe const* const entries = cq.at(0);
    std::uint32_t const mask = cq.capacity() - 1;
    std::uint32_t const head = cq.head();
    std::uint32_t i = 0;
    for (; i != n; ++i) {
        abi::cqe const& c = entries[(head + i) & mask];
        flight* const f = flight::of(c.user_data);
        if (!is_usual(c) || load_relaxed(&f->word) != flight::idle) [[unlikely]]
            break;
        f->completion = c;
        // Step "finish"; see finish().
        store_release(&f->word, static_cast<std::uint32_t>(flight::over));
    }
    in_flight_ -= i;
    cq.advance(i);
}

[[gnu::always_inline]] inline void shard::take_all(hold& h) noexcept {
    bool taken = false;
    while (abi::cqe const* const c = ring_.cq().take()) {
        taken = true;
        deliver(h, *c);
    }
    give_back(taken);
}

[[gnu::always_inline]] inline void shard::reap_now(hold& h) noexcept {
    constexpr auto put_off = abi::sq_ring_flag::cq_overflow | abi::sq_ring_flag::taskrun;
    if (reaper_ == nullptr) [[likely]]
        take_usual();
    if (reaper_ != nullptr || ring_.cq().ready() != 0) [[unlikely]]
        take_all(h);
    if (any(ring_.sq().flags() & put_off)) [[unlikely]]
        reap_more(h);
}

/// At once, or when enough time was given to others to join in. Then reaps.
[[gnu::always_inline]] inline void shard::send_queued(hold& h) noexcept {
    if (submit_delay_ != 0 || has_poller_) [[unlikely]]
        flush_poller_or_gather(h, true);
    else
        flush_now(h);
    reap_now(h);
}

/// Whether an enter of the system's own kernel is all that it takes to submit.
[[gnu::always_inline]] inline bool shard::is_plain() const noexcept {
    return backend_ == nullptr && submit_delay_ == 0 && !has_poller_;
}

[[gnu::always_inline]] inline void shard::queue(flight_slot* first, std::uint32_t n) noexcept {
    submission_queue& sq = ring_.sq();
    in_flight_ += n;
    submitted_ += n;
    abi::sqe* const entries = sq.at(0);
    std::uint32_t const mask = sq.capacity() - 1;
    std::uint32_t at = sq.tail();
    for (std::uint32_t i = 0; i != n; ++i, first = static_cast<flight_slot*>(first->next)) {
        store_relaxed(&first->runs, static_cast<std::uint16_t>(first->runs + 1));
        entries[at++ & mask] = first->entry;
    }
    for (std::uint32_t i = 0; i != n; ++i)
        static_cast<void>(sq.reserve());
}

[[gnu::always_inline]] inline shard_enter shard::about_to_enter() noexcept {
    std::uint32_t const n = ring_.sq().publish();
    ++enters_;
    ring_descriptor const by = registers_ ? descriptor_here(id_, fd_) : ring_descriptor{fd_, 0};
    return {this, by.fd, static_cast<std::uint16_t>(n), static_cast<std::uint16_t>(by.flags)};
}

[[gnu::always_inline]] inline shard_enter shard::begin(abi::sqe const& entry, flight& f) noexcept {
    if (!is_plain()) [[unlikely]]
        return {};
    lock_.take();
    if (stopped || ring_.sq().is_full()) [[unlikely]] {
        lock_.let_go();
        return {};
    }
    f.cancels = cancels;
    ring_.sq().reserve() = entry;
    ++in_flight_;
    ++submitted_;
    return about_to_enter();
}

[[gnu::always_inline]] inline shard_enter shard::begin(flight_slot* first,
                                                       std::uint32_t n) noexcept {
    if (!is_plain()) [[unlikely]]
        return {};
    lock_.take();
    if (stopped || !ring_.sq().has_room(n)) [[unlikely]] {
        lock_.let_go();
        return {};
    }
    queue(first, n);
    return about_to_enter();
}

[[gnu::always_inline]] inline void shard::end(shard_enter const& made, long answer) noexcept {
    hold h(*this, made);
    if (answer != static_cast<long>(made.count)) [[unlikely]]
        flush_rest(h);
    reap_now(h);
}

} // namespace rondo
