// SPDX-License-Identifier: MIT
#pragma once

// shared_ring: io_uring for any number of threads, none of which owns it. It is made of shards, one
// per CPU unless asked otherwise, each a ring of the kernel's under a short lock; a thread uses the
// shard of the CPU that it is on, and a ticket knows its shard.
//
//     auto shared = rondo::shared_ring::create().or_throw("shared ring");
//     auto n = shared.run(op::read{.fd = f, .into = buffer, .at = 0});         // any thread
//     auto later = shared.submit(op::fsync{.fd = f}).or_throw("submit");       // a ticket
//     auto synced = shared.wait(later);                                        // any thread
//
// Whoever waits reaps for all: one thread per shard sleeps in the kernel, the others on their own
// operations, and the role is handed on. There is no thread in the background, and no spinning
// beyond a bound. What an operation points to must live until it is over, and its descriptor stay
// open, not only until it is submitted: when its thread ends first, which makes the kernel cancel
// it, its waiter submits it again; up to four times, if the threads end that do so. After fork(2)
// the ring is the parent's: in a child all calls fail with ECHILD, but for those that have nothing
// to wait for.

#include <rondo/core/duration.hpp>
#include <rondo/op/cancel.hpp>
#include <rondo/op/chain.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/ring/call_deadline.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/flight_operation.hpp>
#include <rondo/ring/reservation.hpp>
#include <rondo/ring/setup.hpp>
#include <rondo/ring/shared_enter.hpp>
#include <rondo/ring/ticket.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

namespace rondo {

struct shared_state;

/// Options of shared_ring::create.
struct shared_ring_options {
    /// Kernel rings; 0: one per CPU that the process may run on. One where slots chosen by the
    /// kernel or buffer groups are used, since those are a ring's own.
    std::uint32_t shards = 0;
    /// Submission queue entries of each shard, as in ring_options: the longest chain or batch.
    std::uint32_t entries = 128;
    /// Completion queue entries of each shard; 0: twice `entries`.
    std::uint32_t cq_entries = 0;
    /// Gathers submissions of up to this long before they go to the kernel together. The next
    /// submission, wait, poll or flush enforces it: no thread does. 0: each goes at once.
    std::int64_t submit_delay_ns = 0;
    /// A kernel thread that polls each shard; one shard then, unless `shards` says more.
    poller_options poller = {};
    /// Who runs the rings, as in ring_options.
    rondo::engine::kind engine = rondo::engine::automatic;
    /// An engine of the caller's own, before all others; null: none.
    rondo::engine::backend* backend = nullptr;
};

/// What one shard has been doing. Counters are modulo 2^32 where the kernel's are.
struct shard_statistics {
    std::uint32_t sq_head = 0;
    std::uint32_t sq_tail = 0;
    std::uint32_t cq_head = 0;
    std::uint32_t cq_tail = 0;
    std::uint32_t dropped = 0;   ///< SQEs that the kernel could not read
    std::uint32_t overflows = 0; ///< completions that found the queue full; none is lost
    std::uint64_t in_flight = 0; ///< operations submitted and not over
    std::uint64_t submitted = 0; ///< operations since the beginning
    std::uint64_t enters = 0;    ///< calls that submitted them: submitted / enters is the batch
    std::uint64_t contended = 0; ///< times a thread slept for the shard's lock
    std::uint64_t handovers = 0; ///< times the reaping went from one thread to another
};

/// See the top of this file. Move-only; moving it is for its creator, before others use it.
class shared_ring {
public:
    /// Makes the first shard; the others are made when a thread first comes to them. Errors as of
    /// ring::create.
    [[nodiscard]] static result<shared_ring> create(
        shared_ring_options const& options = {}) noexcept;

    shared_ring(shared_ring&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    shared_ring& operator=(shared_ring&& other) noexcept;
    /// stop(), and drops what tickets still name. No other thread may be inside, or come.
    ~shared_ring();

    /// Submits an operation, waits for it, returns its value. EINTR, EAGAIN and EBUSY of the kernel
    /// are dealt with inside. With a deadline the operation is cancelled then, and what it says is
    /// waited for: ETIME if it had not happened yet. ESHUTDOWN with cause::ended after stop().
    template <op::operation Op>
    [[gnu::always_inline]] result<typename Op::value_type> run(Op const& o,
                                                               deadline until = {}) noexcept {
        return run_by(o, limit{nullptr, until.which() == deadline::kind::never
                                            ? call_deadline::never
                                            : steady_time_of(until)});
    }
    /// The same by a deadline that others may move meanwhile. ECANCELED with cause::ended when it
    /// has ended.
    template <op::operation Op>
    result<typename Op::value_type> run(Op const& o, call_deadline& until) noexcept {
        return run_by(o, limit{&until, 0});
    }
    /// Runs a chain, all of it or nothing, and returns what became of each.
    template <class... Ops>
    std::tuple<result<typename std::remove_cvref_t<Ops>::value_type>...> run(
        op::chain<Ops...> const& c) noexcept {
        auto const tickets = submit(c);
        if (!tickets)
            return {
                result<typename std::remove_cvref_t<Ops>::value_type>(fail(tickets.error()))...};
        return wait(*tickets);
    }

    /// Submits an operation and returns at once. It is copied; see the top for what it points to.
    /// ENOMEM, ESHUTDOWN with cause::ended after stop(), ECHILD in a child of fork.
    template <op::operation Op>
    [[nodiscard, gnu::always_inline]] result<ticket<Op>> submit(Op const& o) noexcept {
        auto batch = reserve(1);
        if (!batch)
            return fail(batch.error());
        ticket<Op> const name = batch->add(o);
        if (result<> done = batch->commit(); !done)
            return fail(done.error());
        return name;
    }
    /// Submits a chain. EINVAL with cause::too_long when it never fits, ENOTSUP with
    /// cause::shared_poller.
    template <class... Ops>
    [[nodiscard]] result<chain_ticket<std::remove_cvref_t<Ops>...>> submit(
        op::chain<Ops...> const& c) noexcept;

    /// Room for `n` operations to be filled in and committed together. EINVAL with cause::too_long
    /// when the queue is shorter.
    [[nodiscard]] result<reservation> reserve(std::uint32_t n) noexcept;

    /// Waits for an operation and returns its value; in any order, once. ETIME: not over by then,
    /// the ticket is still good. ESTALE with cause::stale_ticket: it was waited for before. EBUSY
    /// with cause::in_use: another thread waits for it now, or is just looking.
    template <op::operation Op>
    result<typename Op::value_type> wait(ticket<Op> const& t, deadline until = {}) noexcept {
        if (result<> over = await(t.name(), until); !over)
            return fail(over.error());
        return take_value<Op>(t.name());
    }
    /// Waits for all of a chain. What of it did not happen because its thread ended is run then,
    /// as a chain: all, or what follows the parts that are done. Not so when any part was asked to
    /// end, nor where the kernel does not tell whether those were done in full, behind vectors,
    /// MSG_WAITALL and a buffer_source without a limit: ECANCELED.
    template <class... Ops>
    std::tuple<result<typename Ops::value_type>...> wait(chain_ticket<Ops...> const& t,
                                                         deadline until = {}) noexcept;

    /// Whether wait() would return at once. Never blocks; submits what has been gathered long
    /// enough, and reaps.
    template <op::operation Op>
    [[nodiscard]] bool poll(ticket<Op> const& t) noexcept {
        return is_over(t.name());
    }
    /// Asks for the end of an operation, which then says so, or is done all the same. Cannot fail
    /// but for tickets that are not good any more: ESTALE.
    template <op::operation Op>
    result<> cancel(ticket<Op> const& t) noexcept {
        return cancel_flight(t.name());
    }
    /// Asks all operations that match, on every shard, to end. Returns how many were found, among
    /// them those that were asked before and whose thread has not run since. Those that wait to be
    /// submitted again, because their thread has ended, end too, but are not counted.
    result<std::uint32_t> cancel(op::cancel_match const& what) noexcept;

    /// Submits what submit_delay holds back.
    result<> flush() noexcept;

    /// Submits an operation whose completions are left to next(), streams too, with user_data of
    /// the caller's own, below 2^63. All such operations go to the first shard.
    template <class Op>
        requires op::pushable<Op&&>
    result<> push(Op&& o, std::uint64_t user_data) noexcept {
        using operation = std::remove_cvref_t<Op>;
        static_assert(!op::is_wide<operation> && !op::wants_cqe32<operation> &&
                          !op::is_chain_only<operation>,
                      "the queues of a shared ring have entries of 64 and 16 bytes");
        static_assert(operation::code != abi::opcode::async_cancel, "use shared_ring::cancel");
        static_assert(!has(op::flags_of<operation>, abi::sqe_flag::io_hardlink),
                      "op::hard only has a meaning inside op::link(...)");
        static_assert(!has(op::flags_of<operation>, abi::sqe_flag::cqe_skip_success) &&
                          !has(op::flags_of<operation>, abi::sqe_flag::io_drain),
                      "skip_success and drain are for a ring of one thread");
        abi::sqe entry;
        op::fill(entry, o, user_data);
        return push_entry(entry);
    }
    /// The next completion of what was pushed, in the order of the kernel. One thread at a time:
    /// EBUSY with cause::in_use. ETIME; ESHUTDOWN after stop(), when all were taken.
    result<abi::cqe> next(deadline until = {}) noexcept;

    /// Ends the ring's work: later calls fail with ESHUTDOWN, what is in flight is cancelled, its
    /// waiters get its completions. Returns when nothing is in flight. Any thread; only once
    /// everything is over can the ring be destroyed.
    void stop() noexcept;
    [[nodiscard]] bool is_stopped() const noexcept;

    /// Whether it was made by a parent process: nothing works here but its destructor.
    [[nodiscard]] bool is_inherited() const noexcept;

    /// The features of the first shard's ring; the others are alike.
    [[nodiscard]] rondo::features const& features() const noexcept;
    /// Shards that there can be.
    [[nodiscard]] std::uint32_t shards() const noexcept;
    /// What a shard has been doing; all zero for one that was not made yet.
    [[nodiscard]] shard_statistics statistics(std::uint32_t shard) const noexcept;
    /// The sum over all shards of what can be added; all zero in a child of fork.
    [[nodiscard]] shard_statistics statistics() const noexcept;

private:
#if defined(RONDO_ASAN)
    static constexpr bool lends_memory = true;
#else
    static constexpr bool lends_memory = false;
#endif
    friend class shared_files;
    friend class shared_buffers;
    /// Until when a call waits: a deadline that may move, or a time of the steady clock.
    struct limit {
        call_deadline* moving;
        std::int64_t at;
    };

    explicit constexpr shared_ring(shared_state* state) noexcept : state_(state) {}
    /// run(), but for the system call, of an operation that is over at once: see shard_enter.
    shard_enter begin_run(abi::sqe const& entry, flight& f) noexcept;
    static bool end_run(shard_enter const& made, long answer, flight const& f) noexcept;
    result<> run_flight(abi::sqe const& entry, flight& f, limit const& until,
                        bool restartable) noexcept;
    static result<> go_on(shard& s, abi::sqe const& entry, flight& f, limit const& until,
                          bool restartable) noexcept;
    static result<> wait_for(shard& s, flight& f, limit const& until, attempt what) noexcept;
    /// Claims the ticket and waits; the common case is that all is done.
    [[gnu::always_inline]] result<> await(ticket_name name, deadline until) noexcept {
        std::uint64_t expected = name.generation;
        flight_slot* const slot = name.slot;
        // Partner: the releases of give_back and unclaim.
        if (slot == nullptr ||
            !__atomic_compare_exchange_n(&slot->generation, &expected,
                                         name.generation | flight_slot::claimed, false,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) [[unlikely]]
            return refuse(expected == (name.generation | flight_slot::claimed));
        if (!slot->is_over() || slot->completion.res < 0 || lends_memory) [[unlikely]]
            return await_claimed({&name, 1}, until);
        return {};
    }
    static result<> refuse(bool claimed) noexcept;
    result<> await_claimed(std::span<ticket_name const> names, deadline until) noexcept;
    result<> await_chain(std::span<ticket_name const> names, deadline until) noexcept;
    template <op::operation Op>
    [[nodiscard]] result<typename Op::value_type> value_of(Op const& o,
                                                           abi::cqe const& c) const noexcept {
        if (c.res == -EINVAL && !features().template supports<Op>()) [[unlikely]]
            return fail(EINVAL, op::attempt_of<Op>, cause::missing_feature);
        return op::value_of(o, c);
    }
    [[nodiscard]] bool is_over(ticket_name name) noexcept;
    result<> cancel_flight(ticket_name name) noexcept;
    result<> push_entry(abi::sqe const& entry) noexcept;

    template <op::operation Op>
    result<typename Op::value_type> run_by(Op const& o, limit const& until) noexcept;
    template <op::operation Op>
    result<typename Op::value_type> take_value(ticket_name name) noexcept;

    shared_state* state_;
};

template <op::operation Op>
[[gnu::always_inline]] inline result<typename Op::value_type> shared_ring::run_by(
    Op const& o, limit const& until) noexcept {
    static_assert(Op::code != abi::opcode::async_cancel, "use shared_ring::cancel");
    static_assert(shareable_alone<Op>, "run takes operations that complete once and stand alone, "
                                       "without drain and skip_success");
    flight f;
    abi::sqe entry;
    op::fill(entry, o, f.user_data());
    lend_memory<Op>(&o, true);
    shard_enter const call = begin_run(entry, f);
    bool const is_made = call.where != nullptr;
    if (!is_made || !end_run(call, call.make(), f)) [[unlikely]] {
        constexpr bool restartable = op::is_restartable<Op>;
        result<> const done = is_made ? go_on(*call.where, entry, f, until, restartable)
                                      : run_flight(entry, f, until, restartable);
        if (!done) {
            lend_memory<Op>(&o, false);
            return fail(done.error());
        }
    }
    lend_memory<Op>(&o, false);
    return value_of(o, f.completion);
}

template <op::operation Op>
result<typename Op::value_type> shared_ring::take_value(ticket_name name) noexcept {
    auto value = value_of(operation_in<Op>(*name.slot), name.slot->completion);
    name.slot->give_back(name.generation);
    return value;
}

template <class... Ops>
result<chain_ticket<std::remove_cvref_t<Ops>...>> shared_ring::submit(
    op::chain<Ops...> const& c) noexcept {
    auto batch = reserve(static_cast<std::uint32_t>(sizeof...(Ops)));
    if (!batch)
        return fail(batch.error());
    ticket_name names[sizeof...(Ops)];
    c.each([&](std::size_t i, auto const& o, abi::sqe_flag link) {
        names[i] = batch->add_linked(o, link);
    });
    if (result<> done = batch->commit(); !done)
        return fail(done.error());
    return chain_ticket<std::remove_cvref_t<Ops>...>(names);
}

template <class... Ops>
std::tuple<result<typename Ops::value_type>...> shared_ring::wait(chain_ticket<Ops...> const& t,
                                                                  deadline until) noexcept {
    if (result<> over = await_chain(t.names(), until); !over)
        return {result<typename Ops::value_type>(fail(over.error()))...};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<result<typename Ops::value_type>...>{take_value<Ops>(t.names()[I])...};
    }(std::index_sequence_for<Ops...>{});
}

} // namespace rondo
