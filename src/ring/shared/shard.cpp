// SPDX-License-Identifier: MIT
#include "shard_hot.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <poll.h>

namespace rondo {

shard::shard(ring made, std::uint32_t index, std::int64_t submit_delay,
             std::uint32_t const* alive) noexcept
    : ring_(std::move(made)),
      backend_(ring_.registry()->backend().is_kernel() ? nullptr : &ring_.registry()->backend()),
      fd_(ring_.registry()->fd()), id_(next_shard_id()),
      registers_(backend_ == nullptr && has(ring_.features().enter, abi::enter::registered_ring)),
      alive_(alive), has_poller_(has(ring_.features().setup, abi::setup::sqpoll)),
      timed_(has(ring_.features().enter, abi::enter::ext_arg)), index_(index),
      submit_delay_(submit_delay) {}

long shard::enter_kernel(std::uint32_t least, std::uint32_t flags, void const* arg,
                         std::size_t arg_size) noexcept {
    return enter(0, least, flags, arg, arg_size);
}

void shard::hold::wake() noexcept {
    for (std::size_t i = 0; i < count_; ++i)
        futex_wake(words_[i]);
    count_ = 0;
}

void shard::hold::wake_later(flight const& f) noexcept {
    if (count_ == most)
        futex_wake(words_[--count_]);
    words_[count_++] = &f.word;
}

// Submitting

// `stopped` is looked at when there is room: making it may let go of the lock for a while.

result<> shard::submit(hold& h, abi::sqe const& entry) noexcept {
    make_room(h, 1);
    if (stopped) [[unlikely]]
        return fail(ESHUTDOWN, attempt::push, cause::ended);
    queue(h, entry);
    send_queued(h);
    return {};
}

result<> shard::cancel(hold& h, op::cancel_match const& what, abi::sqe const& entry) noexcept {
    make_room(h, 1); // now, so that submit() does not let go of the lock for it
    note_cancel(what);
    return submit(h, entry);
}

bool shard::start(abi::sqe const& entry, flight& f) noexcept {
    hold h(*this);
    make_room(h, 1);
    if (stopped) [[unlikely]]
        return false;
    start(h, entry, f);
    return true;
}

void shard::start(hold& h, abi::sqe const& entry, flight& f) noexcept {
    f.cancels = cancels;
    queue(h, entry);
    send_queued(h);
}

result<> shard::submit(hold& h, flight_slot* first, std::uint32_t n) noexcept {
    if (!ring_.sq().has_room(n)) [[unlikely]]
        make_room(h, n);
    if (stopped) [[unlikely]]
        return fail(ESHUTDOWN, attempt::push, cause::ended);
    queue(first, n);
    send_queued(h);
    return {};
}

void shard::make_room(hold& h, std::uint32_t n) noexcept {
    while (!ring_.sq().has_room(n)) [[unlikely]] {
        flush(h);
        if (has_poller_ && !ring_.sq().has_room(n))
            static_cast<void>(enter(0, 0, raw(abi::enter::sq_wait), nullptr, 0));
    }
}

/// Goes on until all is taken.
void shard::flush_rest(hold& h) noexcept {
    while (std::uint32_t const left = ring_.sq().publish()) {
        long const taken = enter(left, 0, 0, nullptr, 0);
        ++enters_;
        if (taken == 0 || taken == -EAGAIN || taken == -EBUSY) {
            // Want of memory, or completions that the kernel wants to be rid of first.
            reap(h);
            pause(h);
        } else if (taken < 0 && taken != -EINTR) {
            return fail_queued(h, static_cast<int>(-taken));
        }
    }
}

void shard::flush_if_due(hold& h) noexcept {
    if (gathered_since_ != 0 && steady_now() - gathered_since_ >= submit_delay_)
        flush(h);
}

void shard::wake_poller() noexcept {
    if (ring_.sq().unpublished() != 0)
        ++enters_;
    annotate::submitting();
    if (ring_.sq().publish_to_poller())
        static_cast<void>(enter(0, 0, raw(abi::enter::sq_wakeup), nullptr, 0));
}

/// A millisecond without the lock, for when the kernel has no memory and nothing else can be done.
void shard::pause(hold& h) noexcept {
    h.let_go();
    static_cast<void>(::poll(nullptr, 0, 1));
    h.take();
}

/// The kernel will take nothing any more: everything queued fails by what it says.
void shard::fail_queued(hold& h, int code) noexcept {
    submission_queue& sq = ring_.sq();
    std::uint32_t const n = sq.tail() - sq.head();
    for (std::uint32_t i = 0; i < n; ++i) {
        abi::cqe failed{};
        failed.user_data = sq.at(sq.head() + i)->user_data;
        failed.res = -code;
        deliver(h, failed);
    }
    sq.withdraw();
}

/// What the shard itself has to say, with all that was gathered.
void shard::send(hold& h, abi::sqe const& entry) noexcept {
    queue(h, entry);
    flush(h);
}

void shard::flush(hold& h) noexcept {
    if (submit_delay_ != 0 || has_poller_)
        flush_poller_or_gather(h, false);
    else if (ring_.sq().pending() != 0)
        flush_now(h);
}

void shard::flush_poller_or_gather(hold& h, bool may_wait) noexcept {
    if (has_poller_)
        return wake_poller();
    if (may_wait && gathered_since_ == 0) {
        gathered_since_ = steady_now();
        return;
    }
    if (may_wait && steady_now() - gathered_since_ < submit_delay_)
        return;
    gathered_since_ = 0;
    if (ring_.sq().pending() != 0)
        flush_now(h);
}

// Reaping

void shard::reap(hold& h) noexcept { reap_now(h); }

/// What the kernel has put off, in a bounded number of rounds: whoever waits comes again.
void shard::reap_more(hold& h) noexcept {
    constexpr auto put_off = abi::sq_ring_flag::cq_overflow | abi::sq_ring_flag::taskrun;
    for (int rounds = 0; rounds < 16 && any(ring_.sq().flags() & put_off); ++rounds) {
        static_cast<void>(enter(0, 0, raw(abi::enter::getevents), nullptr, 0));
        if (ring_.cq().ready() == 0)
            return;
        take_all(h);
    }
}

/// Step "finish" of a flight whose waiter sleeps or was called.
void shard::finish_waited(hold& h, flight& f) noexcept {
    if (f.listed)
        unlink(f);
    std::uint32_t const was = load_relaxed(&f.word);
    called_ -= was == flight::called ? 1 : 0;
    // Partner: flight::is_over().
    store_release(&f.word, static_cast<std::uint32_t>(flight::over));
    if (was == flight::slept)
        h.wake_later(f);
}

void shard::deliver_unusual(hold& h, abi::cqe const& c) noexcept {
    flight* const f = (c.user_data & flight::tag) != 0 ? flight::of(c.user_data) : nullptr;
    // A zero-copy send that is cancelled with its chain is over at once, and its notification comes
    // all the same, when its slot may have been given back, and be another's.
    if (f != nullptr && abi::has(c, abi::cqe_flag::notif) &&
        (c.user_data != f->user_data() || load_relaxed(&f->word) == flight::over))
        return;
    bool const final = !abi::more(c);
    in_flight_ -= final ? 1 : 0;
    if ((c.user_data & flight::tag) == 0) {
        try {
            stream.push_back(c);
        } catch (std::exception const&) {
            RONDO_ASSERT(false, "out of memory while completions of a shared ring wait for next(): "
                                "call it more often");
        }
        if (stream_waiter != nullptr && stream_waiter->listed)
            call(h, *stream_waiter);
    } else if (f != nullptr) {
        if (!abi::has(c, abi::cqe_flag::notif))
            f->completion = c;
        if (op::is_interruption(c.res))
            f->completion.res = -EINTR;
        if (final)
            finish(h, *f);
    }
}

} // namespace rondo
