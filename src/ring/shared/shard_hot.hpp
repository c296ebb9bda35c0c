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

[[gnu::always_inline]] inline void shard::deliver(hold& h, abi::cqe const& c) noexcept {
    constexpr auto unusual = abi::cqe_flag::more | abi::cqe_flag::notif;
    flight* const f = flight::of(c.user_data);
    if ((c.user_data & flight::tag) == 0 || f == nullptr || (c.flags & raw(unusual)) != 0)
        [[unlikely]]
        return deliver_unusual(h, c);
    --in_flight_;
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

/// True when the flight is over already. `refused` after stop().
[[gnu::always_inline]] inline bool shard::run_at_once(abi::sqe const& entry, flight& f,
                                                      bool& refused) noexcept {
    hold h(*this);
    if (ring_.sq().is_full()) [[unlikely]]
        make_room(h, 1);
    if (stopped) [[unlikely]] {
        refused = true;
        return false;
    }
    f.cancels = cancels;
    queue(h, entry);
    send_queued(h);
    return load_relaxed(&f.word) == flight::over;
}

} // namespace rondo
