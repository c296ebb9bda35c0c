// SPDX-License-Identifier: MIT
#pragma once

// loop: one thread, any number of operations. What is started is given to the kernel in batches;
// what is over runs in batches: never while completions are reaped, never one inside another. No
// operation is lost: what finds no room waits for it, a cancel cannot fail, and the loop ends when
// all of it is over. Who is started, and when it goes on, is the business of those who derive from
// completion: coroutines, mostly.
//
// The first turn binds a loop to its thread; only inbox() is for others. It may be moved until it
// is used. Destroying it with an operation in flight aborts and names the operation.

#include <rondo/core/duration.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/loop/completion.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/timers.hpp>
#include <rondo/loop/work.hpp>
#include <rondo/ring/ring.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

namespace rondo {

struct loop_state;
class orphan;

/// What loop_options::trace is told.
struct loop_event {
    enum class kind : std::uint8_t {
        started,   ///< given to the kernel; of a chain, each
        deferred,  ///< waits for room
        completed, ///< its final CQE is in; `res` is the result
        restarted, ///< after -EINTR
        cancelled, ///< its end is asked of the kernel
    };
    kind what;
    char const* name; ///< of the operation
    completion const* which;
    std::int32_t res = 0;
    std::int64_t at_ns = 0; ///< of loop::now()
};

struct loop_options {
    /// An iopoll ring cannot wait for what is not a device's: neither inbox nor timers work there.
    /// cqe_mixed is refused: EINVAL with cause::not_for_loops.
    ring_options ring{};
    /// Operations in flight; more wait for one to end. 0: as many as the CQ has entries, which
    /// grows with them. One that only another can end waits for ever if there is no room for that.
    std::uint32_t most_in_flight = 0;
    /// Larger queues when there was not enough room, where the kernel can: Linux 6.13. Up to 32768
    /// completions.
    bool grows = true;
    /// Is called with `trace_argument` on the loop's thread; must not use the loop. Costs nothing
    /// when it is null.
    void (*trace)(void* argument, loop_event const& event) = nullptr;
    void* trace_argument = nullptr;
};

struct loop_statistics {
    std::uint64_t started = 0;   ///< operations given to the kernel; of a chain, each
    std::uint64_t completed = 0; ///< of those
    std::uint64_t enters = 0;    ///< calls of io_uring_enter(2), or what would be
    std::uint64_t batches = 0;   ///< turns that reaped something
    std::uint64_t largest_batch = 0;
    std::uint64_t starved = 0;   ///< starts that had to wait for room
    std::uint64_t restarted = 0; ///< after -EINTR
    std::uint64_t cancels = 0;   ///< requests given to the kernel, repeated ones too
    std::uint64_t overflows = 0; ///< completions that did not fit, as the kernel counts them
    std::uint64_t resizes = 0;
    std::uint64_t wake_ups = 0; ///< by other threads
    std::uint64_t expired = 0;  ///< timers
};

/// See the top of this file.
class loop {
public:
    /// As ring::create; ENOMEM.
    [[nodiscard]] static result<loop> create(loop_options const& options = {}) noexcept;
    loop(loop&& other) noexcept;
    loop& operator=(loop&&) = delete;
    /// Waits for orphans, which are cancelled after a second.
    ~loop();

    /// Starts the operation that `o` describes, if there is room; else false. Then keep `o` and
    /// call start(). It is what c.functions().fill would write.
    template <op::operation Op>
    [[gnu::always_inline]] [[nodiscard]] bool start_at_once(completion& c, Op const& o) noexcept {
        submission_queue& sq = ring_.sq();
        // Not only where it ends: what run() of the ring itself starts may have gone beyond.
        if (static_cast<std::int32_t>(sq.next()) >= room_ends_) [[unlikely]]
            return false;
        op::fill(sq.reserve(), o, user_data_of(c));
        c.set_started();
        return true;
    }
    /// Starts an operation by its functions().fill, now or as soon as there is room. A chain that
    /// no queue can hold ends with -EINVAL, and never_started().
    void start(completion& c) noexcept;
    /// Asks for its end; c runs as ever when it is over, with its result if that came before. It
    /// cannot fail, and is repeated until the operation is over. Of an idle completion: nothing.
    void cancel(completion& c) noexcept;

    /// Has `w` run, after what is ready already.
    void post(work& w) noexcept { ready_.push(w); }
    /// Where other threads post. The items' functions run on the loop's thread.
    [[nodiscard]] rondo::inbox& inbox() noexcept;

    /// Starts an operation that nobody waits for; its result is dropped, and what it owns with it.
    /// `o` must not need memory of the caller's. ENOMEM. Include <rondo/loop/orphan.hpp>.
    template <op::operation Op>
    result<> orphan(Op const& o) noexcept;
    /// The same with what its memory is in, which is kept until it is over.
    template <op::operation Op, class Owned>
    result<> orphan(Op const& o, Owned&& keeps) noexcept;

    /// Nanoseconds of the clock by which timers are due: CLOCK_MONOTONIC, or a simulation's.
    [[nodiscard]] std::int64_t now() const noexcept { return backend_->now(); }
    /// The point of that clock which `until` means; timer_wheel::never without a deadline.
    [[nodiscard]] std::int64_t time_of(deadline until) const noexcept;
    /// Deadlines of the loop's clock. A timer's function must not wait for anything.
    [[nodiscard]] timer_wheel& timers() noexcept;

    /// The loop that is running on this thread, or null.
    [[nodiscard]] static loop* current() noexcept;

    /// Goes on until `done`, which something that the loop runs sets. Errors are those of
    /// io_uring_enter(2) that mean that the ring is unusable; nothing is lost by one.
    result<> run_until(bool const& done) noexcept;
    /// Goes on until there is nothing to wait for: nothing ready, in flight or due, inbox empty.
    result<> run() noexcept;
    /// Submits, takes what has completed and is due, and runs it, without waiting. Afterwards
    /// native_handle() is readable as soon as there is a reason to call this again, timers and the
    /// inbox included; so another event loop can drive this one. Returns whether anything ran.
    result<bool> run_ready() noexcept;
    /// What can be done without io_uring_enter(2), for a ring that works no more: what the kernel
    /// never took ends with -ECANCELED, and what is ready, due or posted runs. Returns whether
    /// anything did.
    bool run_without_kernel() noexcept;
    /// For poll(2) and its like: readable when run_ready() should be called. Call that once before.
    /// -1: there are no descriptors left.
    [[nodiscard]] int native_handle() noexcept;

    /// For on() and resume_on(): a task of another loop's came here, or has gone; one of this
    /// loop's went to another, or is back. To destroy the loop in between aborts.
    void guest_came() noexcept;
    void guest_left() noexcept;
    void traveller_left() noexcept;
    void traveller_came() noexcept;

    /// Operations started and not over, those that wait for room included, orphans not.
    [[nodiscard]] std::uint64_t in_flight() const noexcept;
    [[nodiscard]] loop_statistics statistics() noexcept;
    /// For what is registered with it: files, buffers, buffer rings. push(), pop() and run() would
    /// take away what the loop waits for, which then aborts; they need a ring of their own.
    [[nodiscard]] rondo::ring& ring() noexcept { return ring_; }
    [[nodiscard]] rondo::features const& features() const noexcept { return ring_.features(); }

    [[nodiscard]] static std::uint64_t user_data_of(completion const& c) noexcept {
        return reinterpret_cast<std::uintptr_t>(&c);
    }

private:
    friend struct loop_state;
    friend class orphan;

    loop(rondo::ring&& made, std::unique_ptr<loop_state>&& state) noexcept;

    result<bool> turn(bool may_wait) noexcept;
    result<bool> turn_here(bool may_wait) noexcept;
    result<> enter(bool wait, std::int64_t until) noexcept;
    result<> enter_here(bool wait, std::int64_t until) noexcept;
    void poll_until(std::int64_t until) noexcept;
    bool make_room(std::uint32_t n) noexcept;
    void admit() noexcept;
    void grow() noexcept;
    void look_for_room() noexcept;
    void leave_no_room() noexcept { room_ends_ = no_room; }
    [[nodiscard]] std::uint32_t used() const noexcept;
    [[nodiscard]] abi::sqe& reserve_own() noexcept;
    [[nodiscard]] bool fits(std::uint32_t n) noexcept;
    void give(completion& c) noexcept;
    void defer(completion& c) noexcept;
    void refuse(completion& c, std::int32_t res) noexcept;
    bool reap() noexcept;
    static bool is_to_be_restarted(completion const& c) noexcept;
    void restart(completion& c) noexcept;
    void make_ready(std::span<abi::cqe const> taken) noexcept;
    void run_at_once(std::span<abi::cqe const> taken) noexcept;
    void own(std::uint64_t user_data) noexcept;
    bool run_batch() noexcept;
    void tell(loop_event::kind what, completion const& c) noexcept;
    [[nodiscard]] bool has_something_to_wait_for() const noexcept;
    [[nodiscard]] bool is_held_up() const noexcept;

    [[nodiscard]] bool is_held_back(completion& c, abi::cqe const& of) noexcept;
    bool send_marker() noexcept;
    void wait_for_another_marker() noexcept;
    void end_held_back() noexcept;

    void wish(completion& c) noexcept;
    void send_wishes() noexcept;
    static void run_wished(work& w) noexcept;
    void cancel_is_over(completion& c) noexcept;

    bool tell_driver_when() noexcept;
    result<> leave_to_driver() noexcept;
    bool listen_again() noexcept;
    void make_readable() noexcept;
    void adopt(rondo::orphan& o) noexcept;
    void let_go(rondo::orphan& o) noexcept;
    void arm_wake_up() noexcept;
    void take_back() noexcept;
    void drain() noexcept;
    [[noreturn]] void destroyed_in_flight() noexcept;

    rondo::ring ring_;
    // An index of the SQ, with its sign: starts before it need no look at anything.
    static constexpr std::int32_t no_room = std::numeric_limits<std::int32_t>::min();
    std::int32_t room_ends_ = no_room;
    std::uint32_t own_ = 0; // SQEs of the loop's own, less its CQEs, some of which are messages
    engine::backend const* backend_;
    std::uint64_t completed_ = 0;
    work_list ready_;
    // Of the completions that were taken those that are yet to run, when the ones before have.
    abi::cqe const* unrun_ = nullptr;
    abi::cqe const* unrun_end_ = nullptr;
    detail::sole_owner<loop_state> state_;
};

} // namespace rondo
