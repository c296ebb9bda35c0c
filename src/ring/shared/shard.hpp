// SPDX-License-Identifier: MIT
#pragma once

// shard: one kernel ring of a shared_ring, under one short lock. Any thread.
//
// Under the lock (class hold) a thread copies its SQEs in, enters, reaps what is there and tells
// those who sleep. Waiting happens outside: one thread at a time, the reaper, sleeps in the kernel;
// the others sleep on their flights. While a reaper is in the kernel, or on its way there, others
// reap too, but the last entry that they took is not given back: so the reaper, whose sleep begins
// with a look at what is there, cannot sleep past a completion that somebody else has taken.
// tests/model/shard.pml checks this and the handing on.

#include <rondo/abi/opcode.hpp>
#include <rondo/core/word_lock.hpp>
#include <rondo/ring/call_deadline.hpp>
#include <rondo/ring/flight.hpp>
#include <rondo/ring/ring.hpp>
#include <rondo/ring/shared_enter.hpp>
#include <rondo/ring/shared_ring.hpp>
#include <rondo/ring/ticket.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace rondo {

/// See the top of this file. Lives on the heap, at one address.
class alignas(64) shard {
public:
    class hold;

    /// What was cancelled because its thread ended is run again, but not for ever.
    static constexpr std::uint32_t most_runs = 4;

    shard(ring made, std::uint32_t index, std::int64_t submit_delay,
          std::uint32_t const* alive) noexcept;
    shard(shard&&) = delete;
    ~shard();

    /// Submits an entry and reaps. ESHUTDOWN with cause::ended. Failures of the kernel become
    /// completions.
    result<> submit(hold& h, abi::sqe const& entry) noexcept;
    /// The same for `n` slots, linked by flight::next, in order and together. Of slots it needs no
    /// more afterwards: they may be over, and others'.
    result<> submit(hold& h, flight_slot* first, std::uint32_t n) noexcept;
    /// Submits an entry for a flight, and reaps. False after stop().
    bool start(abi::sqe const& entry, flight& f) noexcept;
    /// The same in three parts, the second of which, the system call, is made by whoever called:
    /// see shard_enter. The lock is held from the one to the other. Refused, so that nothing was
    /// done, where it takes more than that call: then submit() or start() does it.
    shard_enter begin(abi::sqe const& entry, flight& f) noexcept;
    shard_enter begin(flight_slot* first, std::uint32_t n) noexcept;
    void end(shard_enter const& made, long answer) noexcept;
    /// Waits until the flight is over (0), its limit has passed (ETIME) or ended (ECANCELED).
    int wait(flight& f, std::int64_t const& until) noexcept;
    /// Submits what was gathered.
    void flush(hold& h) noexcept;
    /// flush(), if it was gathered long enough ago.
    void flush_if_due(hold& h) noexcept;
    /// Takes what the kernel has posted, and ends flights.
    void reap(hold& h) noexcept;
    /// Has a waiter look at its limit again.
    void nudge(flight& f) noexcept;
    /// Asks for the end of a flight.
    void cancel(hold& h, flight& f) noexcept;
    /// Submits a cancel of all that match, noting whom it means: in one piece, or what came in
    /// between would be cancelled and run again, as if nobody had asked. Errors as submit().
    result<> cancel(hold& h, op::cancel_match const& what, abi::sqe const& entry) noexcept;
    /// Submits an operation that is over, or a chain from its first part on that did nothing, once
    /// more, if it and all behind it were interrupted or cancelled by nobody but the kernel: that
    /// is what happens when the thread ends that submitted them. True when it did.
    bool run_again(hold& h, std::span<ticket_name const> names) noexcept;
    /// The limit of an operation is over, the operation perhaps not: the kernel lets a limit pass
    /// without a word when the thread has ended that submitted it. Then this keeps it.
    void keep_limit(flight_slot& what, flight_slot& limit) noexcept;
    /// Whether somebody asked for the end of an operation.
    [[nodiscard]] bool asked_to_end(flight const& f) noexcept;
    /// Starts a flight once more that was interrupted or cancelled, if it `may` be, unless somebody
    /// asked for its end: then that is its result. True when it did.
    bool run_again(abi::sqe const& entry, flight& f, bool may) noexcept;
    /// Asks for the end of everything and waits until it is over.
    void drain() noexcept;

    /// `n` slots for tickets, linked by flight::next; null for want of memory.
    flight_slot* take_slots(hold& h, std::uint32_t n) noexcept;
    /// Gives back slots linked by flight::next. Needs no lock.
    static void return_slots(flight_slot* first) noexcept;

    [[nodiscard]] shard_statistics statistics() noexcept;
    [[nodiscard]] ring& kernel_ring() noexcept { return ring_; }
    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    /// In a child of fork, where the queues do not exist.
    [[nodiscard]] bool is_child() const noexcept { return load_relaxed(alive_) == 0; }
    [[nodiscard]] std::uint32_t capacity() noexcept { return ring_.sq().capacity(); }

    // Under the lock.
    std::deque<abi::cqe> stream;     ///< completions that next() is to give out
    flight* stream_waiter = nullptr; ///< the thread in next()
    std::uint32_t cancels = 0;       ///< by what matches, not by ticket
    bool stopped = false;

private:
    void note_cancel(op::cancel_match const& what) noexcept;
    long enter_kernel(std::uint32_t least, std::uint32_t flags, void const* arg,
                      std::size_t arg_size) noexcept;
    long enter(std::uint32_t n, std::uint32_t least, std::uint32_t flags, void const* arg,
               std::size_t arg_size) noexcept;
    void sleep_in_kernel(std::int64_t until) noexcept;
    std::int64_t cancel_again(hold& h, flight& f, std::int64_t& next) noexcept;
    static bool is_usual(abi::cqe const& c) noexcept;
    void deliver(hold& h, abi::cqe const& c) noexcept;
    void finish(hold& h, flight& f) noexcept;
    void finish_waited(hold& h, flight& f) noexcept;
    void call(hold& h, flight& f) noexcept;
    void stir(hold& h, flight& f) noexcept;
    void answer_call(flight& f) noexcept;
    void give_back(bool taken) noexcept;
    void make_room(hold& h, std::uint32_t n) noexcept;
    void flush_rest(hold& h) noexcept;
    void flush_now(hold& h) noexcept;
    void take_usual() noexcept;
    void take_all(hold& h) noexcept;
    void reap_now(hold& h) noexcept;
    void flush_poller_or_gather(hold& h, bool may_wait) noexcept;
    void reap_more(hold& h) noexcept;
    void wake_poller() noexcept;
    void pause(hold& h) noexcept;
    void fail_queued(hold& h, int code) noexcept;
    [[gnu::noinline]] void deliver_unusual(hold& h, abi::cqe const& c) noexcept;
    [[nodiscard]] std::size_t first_to_run_again(std::span<ticket_name const> names) const noexcept;
    void cancel_everything(hold& h) noexcept;
    void link(flight& f) noexcept;
    void unlink(flight& f) noexcept;
    [[nodiscard]] bool has_its_due(flight const& f) const noexcept;
    void queue(hold& h, abi::sqe const& entry) noexcept;
    void queue(flight_slot* first, std::uint32_t n) noexcept;
    [[nodiscard]] bool is_plain() const noexcept;
    void start(hold& h, abi::sqe const& entry, flight& f) noexcept;
    shard_enter about_to_enter() noexcept;
    void send_queued(hold& h) noexcept;
    void send(hold& h, abi::sqe const& entry) noexcept;
    [[gnu::noinline]] flight_slot* find_free_slot(flight_slot* slot) noexcept;
    flight_slot* look_in(std::size_t chunk) noexcept;
    bool grow() noexcept;

    word_lock lock_;
    ring ring_;
    engine::backend* backend_; ///< null: the system's own kernel
    int fd_;
    std::uint64_t id_; ///< among all shards of the process
    bool registers_;   ///< threads may enter by a registered descriptor
    std::uint32_t const* alive_;
    bool has_poller_;
    bool timed_ = false; ///< the kernel takes deadlines with a wait (Linux 5.11)
    std::uint32_t index_;

    flight* reaper_ = nullptr; ///< who sleeps in the kernel
    bool kept_one_ = false;    ///< an entry was taken since the reaper went, and not given back
    flight* first_sleeper_ = nullptr;
    flight* last_sleeper_ = nullptr;
    std::uint32_t called_ = 0; ///< sleepers that were called and have not come yet
    std::uint64_t in_flight_ = 0;
    std::uint64_t submitted_ = 0;
    std::uint64_t enters_ = 0;
    std::uint64_t handovers_ = 0;
    std::int64_t submit_delay_;
    std::int64_t gathered_since_ = 0;

    std::vector<std::unique_ptr<flight_slot[]>> slots_; ///< in chunks of their own sizes
    std::vector<std::uint32_t> chunk_sizes_;
    std::uint32_t all_slots_ = 0;
    std::size_t chunk_ = 0;            ///< the one that next_slot_ is in
    flight_slot* next_slot_ = nullptr; ///< where to look for a free one
    flight_slot* chunk_end_ = nullptr;
    flight_slot* last_batch_ = nullptr; ///< where take_slots began last, in the same chunk
};

/// Whether a slot has a link timeout, which limits the part of a chain before it.
[[nodiscard]] inline bool is_limit(flight_slot const& slot) noexcept {
    return slot.entry.opcode == raw(abi::opcode::link_timeout);
}

/// Holds a shard's lock. What was found to be woken is woken after it was let go.
class shard::hold {
public:
    explicit hold(shard& s) noexcept : shard_(s) { take(); }
    /// Goes on with a lock that begin() took.
    hold(shard& s, shard_enter const&) noexcept : shard_(s), held_(true) {}
    hold(hold&&) = delete;
    ~hold() {
        if (held_)
            let_go();
    }
    void take() noexcept {
        shard_.lock_.take();
        held_ = true;
    }
    [[gnu::always_inline]] void let_go() noexcept {
        // Step "hand on": whoever sleeps has somebody who reaps, or was called and is on its way.
        if (shard_.first_sleeper_ != nullptr && shard_.reaper_ == nullptr && shard_.called_ == 0)
            [[unlikely]]
            shard_.call(*this, *shard_.first_sleeper_);
        held_ = false;
        shard_.lock_.let_go();
        if (count_ != 0) [[unlikely]]
            wake();
    }
    void wake_later(flight const& f) noexcept;

private:
    static constexpr std::size_t most = 32;

    void wake() noexcept;

    shard& shard_;
    bool held_ = false;
    std::size_t count_ = 0;
    std::uint32_t const* words_[most];
};

} // namespace rondo
