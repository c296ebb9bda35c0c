// SPDX-License-Identifier: MIT
#pragma once

// ring: one io_uring instance for one thread, as thin as the interface allows.
//
//     auto ring = rondo::ring::create({.entries = 64}).or_throw("ring");
//     ring.push(op::read{.fd = f, .into = buffer, .at = 0}, 42);     // queued, not yet submitted
//     ring.submit_and_wait(1).or_throw("submit");
//     abi::cqe c;
//     while (ring.pop(c)) { /* c.user_data == 42 */ }
//     auto n = ring.run(op::read{...});                               // or all in one, blocking
//
// The first submit, or bind_to_this_thread(), binds the ring to the calling thread: from then on
// any other thread that enters it aborts. push and pop are not checked. After fork(2) the ring is
// the parent's: in the child, entering it aborts, push and pop fault, destroying it only closes.

#include <rondo/abi/syscall.hpp>
#include <rondo/core/annotate.hpp>
#include <rondo/op/chain.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/ring/completion_queue.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/registrar.hpp>
#include <rondo/ring/setup.hpp>
#include <rondo/ring/submission_queue.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace rondo {

struct ring_state;

/// See the top of this file. Move-only; a moved-from ring aborts when used.
class ring {
public:
    /// user_data of operations in run(): not for the caller's own.
    static constexpr std::uint64_t reserved_user_data = ~std::uint64_t{0};

    /// Makes a ring. EINVAL, EPERM, ENOMEM, ENOSYS with the cause found: see error::message().
    [[nodiscard]] static result<ring> create(ring_options const& options = {}) noexcept;
    /// Bytes of page-aligned memory that options.memory must have for such a ring.
    [[nodiscard]] static std::size_t memory_needed(ring_options const& options) noexcept;

    ring(ring&& other) noexcept;
    ring& operator=(ring&& other) noexcept;
    /// Cancels what is in flight, waits until the kernel has let go of all of it, then closes. What
    /// was pushed and never submitted is dropped. On another thread than the ring's it aborts when
    /// operations are in flight, since only their own thread can reap them.
    ~ring();

    /// Queues one operation. False when the queue is full: submit, then push again. What it points
    /// to (paths, iovecs, the operation itself if pinned) lives until it is submitted, buffers
    /// until its final CQE.
    template <class Op>
        requires op::pushable<Op&&>
    [[gnu::always_inline]] [[nodiscard("false means the queue is full: submit first")]] bool push(
        Op&& o, std::uint64_t user_data) noexcept {
        using operation = std::remove_cvref_t<Op>;
        static_assert(!op::is_chain_only<operation>, "only has a meaning inside op::link(...)");
        static_assert(!has(op::flags_of<operation>, abi::sqe_flag::io_hardlink),
                      "op::hard only has a meaning inside op::link(...)");
        if constexpr (op::is_wide<operation>) {
            abi::sqe128* const wide = reserve_wide();
            if (wide == nullptr)
                return false;
            op::fill(*wide, o, user_data);
        } else {
            if (sq_.is_full()) [[unlikely]]
                return refuse_push();
            op::fill(sq_.reserve(), o, user_data);
        }
        if constexpr (has(op::flags_of<operation>, abi::sqe_flag::cqe_skip_success))
            ++silent_;
        audit(o);
        return true;
    }

    /// Queues a chain, all of it or nothing; no enter ever takes a part of it. user_data: one per
    /// operation. EAGAIN with cause::queue_full: submit first. EINVAL with cause::too_long: it can
    /// never fit. ENOTSUP with cause::shared_poller.
    template <class... Ops>
    result<> push(op::chain<Ops...> const& c,
                  std::uint64_t const (&user_data)[sizeof...(Ops)]) noexcept {
        static_assert((!op::is_wide<std::remove_cvref_t<Ops>> && ...));
        if (result<> room = room_for_chain(sizeof...(Ops)); !room)
            return room;
        c.each([&](std::size_t i, auto const& o, abi::sqe_flag link) {
            abi::sqe& s = sq_.reserve();
            op::fill(s, o, user_data[i]);
            s.flags = static_cast<std::uint8_t>(s.flags | raw(link));
            if constexpr (has(op::flags_of<std::remove_cvref_t<decltype(o)>>,
                              abi::sqe_flag::cqe_skip_success))
                ++silent_;
            audit(o);
        });
        return {};
    }

    /// Gives the kernel everything queued. Returns how many operations it took, which may be fewer
    /// (it stops at what it cannot even start; with submit_all only for want of memory). Errors are
    /// io_uring_enter(2)'s as they are, EAGAIN, EBUSY and EINTR too; nothing queued is lost by one.
    [[gnu::always_inline]] result<std::uint32_t> submit() noexcept {
        audit_submission();
        if (guard_->fast != this_thread_stamp) [[unlikely]]
            return enter_slowly(wait_options{.count = 0}, false);
        return enter_fast<false>(0);
    }

    /// submit(), then waits until `count` completions can be popped; 0 lets the kernel post what is
    /// due without waiting. EINTR: a signal came.
    [[gnu::always_inline]] result<std::uint32_t> submit_and_wait(std::uint32_t count) noexcept {
        audit_submission();
        if (guard_->fast != this_thread_stamp) [[unlikely]]
            return enter_slowly(wait_options{.count = count}, true);
        return enter_fast<true>(count);
    }

    /// The same with a deadline (ETIME), a batching window or a signal mask. The kernel reports a
    /// wait that ended early only when it took no submission: look at what pop() gives.
    result<std::uint32_t> submit_and_wait(wait_options const& wait) noexcept {
        audit_submission();
        return enter_slowly(wait, true);
    }
    result<std::uint32_t> submit_and_wait(std::uint32_t count, deadline until,
                                          std::uint32_t min_wait_us = 0) noexcept {
        return submit_and_wait(
            wait_options{.count = count, .until = until, .min_wait_us = min_wait_us});
    }

    /// Copies the oldest completion out. False when there is none; before that it lets the kernel
    /// finish what it had put off (overflow, task work), which is a system call only if needed.
    [[gnu::always_inline]] [[nodiscard]] bool pop(abi::cqe& out) noexcept {
        abi::cqe const* entry = cq_.take();
        if (entry == nullptr) [[unlikely]] {
            entry = take_slowly();
            if (entry == nullptr)
                return false;
        }
        out = *entry;
        return true;
    }
    /// The same with the 16 bytes more of 32-byte completions, zero where there are none.
    [[nodiscard]] bool pop(abi::cqe32& out) noexcept;
    /// Copies many at once. Returns how many.
    std::size_t copy_completions(std::span<abi::cqe> out) noexcept;

    /// Queues one operation, submits, waits for it and returns its value. Completions of others
    /// that arrive meanwhile wait, in order, for pop(). EINTR, EAGAIN, EBUSY and overflow are dealt
    /// with inside. A zero-copy send returns when the buffer is free again.
    template <op::operation Op>
    result<typename Op::value_type> run(Op const& o) noexcept;

    /// Enables the ring if it was made disabled, registers its descriptor and binds it to the
    /// calling thread. The first submit does this by itself. Aborts on a second thread.
    result<> bind_to_this_thread() noexcept;

    [[nodiscard]] rondo::features const& features() const noexcept;
    /// The ring's descriptor: pollable, readable when completions are there. -1 when there is only
    /// a registered one.
    [[nodiscard]] int native_handle() const noexcept;
    /// The queues themselves, for submit and reap loops of the caller's own.
    [[nodiscard]] submission_queue& sq() noexcept { return sq_; }
    [[nodiscard]] completion_queue& cq() noexcept { return cq_; }
    [[nodiscard]] submission_queue const& sq() const noexcept { return sq_; }
    [[nodiscard]] completion_queue const& cq() const noexcept { return cq_; }
    /// io_uring_enter(2), as it is. Publishes nothing.
    result<std::uint32_t> enter(std::uint32_t to_submit, std::uint32_t min_complete,
                                abi::enter flags, void const* arg = nullptr,
                                std::size_t arg_size = 0) noexcept;
    /// io_uring_register(2), as it is.
    result<std::uint32_t> register_(abi::register_op operation, void* arg,
                                    std::uint32_t count) noexcept;
    /// The same, shared, for what lives longer than one place of the ring.
    [[nodiscard]] registrar_ref const& registry() const noexcept;

    /// Operations submitted whose final CQE was not popped. Those under skip_success count until
    /// the ring is closed; messages from other rings count the other way, and zero-copy sends that
    /// are cancelled with their chain once too much: see op::send_zc.
    [[nodiscard]] std::uint32_t in_flight() const noexcept;
    /// Waits until `n` submissions fit, on a ring with a poller; elsewhere submits. Linux 5.10
    result<> make_room(std::uint32_t n) noexcept;

    /// New queue sizes, powers of two after rounding up; contents are kept. EINVAL unless the ring
    /// has defer_taskrun and no_sqarray, as by default, and memory of the kernel's; EOVERFLOW when
    /// what is queued does not fit. io_uring_register(2). Linux 6.13
    result<> resize(std::uint32_t entries, std::uint32_t cq_entries) noexcept;

private:
    ring() noexcept = default;

    /// Under ASan: what is pushed must point to live memory, and still when it is submitted.
    template <class Op>
    [[gnu::always_inline]] void audit([[maybe_unused]] Op const& o) noexcept {
#if defined(RONDO_ASAN)
        if constexpr (has_memory<Op>)
            o.memory([this](void const* p, std::size_t bytes, op::access how) {
                audit_memory(Op::facts.name, p, bytes, how, &annotate::is_alive);
            });
#endif
    }
    [[gnu::always_inline]] void audit_submission() noexcept {
#if defined(RONDO_ASAN)
        audit_pushed(&annotate::is_alive);
#endif
    }
    /// Under ASan: nobody touches what the kernel writes until it is done.
    template <class Op>
    [[gnu::always_inline]] static void lend([[maybe_unused]] Op const& o,
                                            [[maybe_unused]] bool to_kernel) noexcept {
#if defined(RONDO_ASAN)
        if constexpr (has_memory<Op>)
            o.memory([to_kernel](void const* p, std::size_t bytes, op::access how) {
                if (how == op::access::writes)
                    to_kernel ? annotate::lend(p, bytes) : annotate::take_back(p, bytes);
            });
#endif
    }
    template <class Op>
    static constexpr bool has_memory =
        requires(Op const& o) { o.memory([](void const*, std::size_t, op::access) {}); };
    using alive_test = bool (*)(void const* p, std::size_t bytes) noexcept;
    void audit_memory(char const* name, void const* p, std::size_t bytes, op::access how,
                      alive_test alive) noexcept;
    void audit_pushed(alive_test alive) noexcept;

    template <bool Waits>
    [[gnu::always_inline]] result<std::uint32_t> enter_fast(std::uint32_t count) noexcept {
        std::uint32_t const queued = sq_.publish();
        cq_.release();
        if (queued == 0 && (!Waits || (count != 0 && cq_.ready() >= count)))
            return 0u;
        std::uint32_t const flags = Waits ? wait_flags_ : enter_flags_;
        annotate::submitting();
        long const answer = abi::call_enter(enter_fd_, queued, count, flags, nullptr, 0);
        annotate::reaping();
        cq_.look();
        if (answer < 0) [[unlikely]]
            return enter_failed(answer);
        return static_cast<std::uint32_t>(answer);
    }
    [[gnu::cold]] static result<std::uint32_t> enter_failed(long answer) noexcept;
    [[gnu::cold]] result<std::uint32_t> enter_slowly(wait_options const& wait, bool waits) noexcept;
    [[gnu::cold]] abi::cqe const* take_slowly() noexcept;
    [[gnu::cold]] bool refuse_push() const noexcept;
    abi::sqe128* reserve_wide() noexcept;
    result<> room_for_chain(std::size_t n) noexcept;
    bool flush_deferred() noexcept;
    result<std::uint32_t> enter_with(std::uint32_t queued, wait_options const& wait,
                                     std::uint32_t flags) noexcept;
    void require_owner() const noexcept;
    [[nodiscard]] std::uint32_t fast_stamp() const noexcept;
    result<> begin_run() noexcept;
    result<> finish_run(abi::cqe32& out) noexcept;
    bool take_completions(abi::cqe32* out) noexcept;
    void hold_others() noexcept;
    void release_held() noexcept;
    bool drain() noexcept;
    void close() noexcept;
    void leave_thread(registrar& registry) noexcept;
    void forget(ring_state* state) noexcept;
    result<> move_queues(abi::params const& p) noexcept;
    void set_enter_flags(std::uint32_t flags) noexcept {
        enter_flags_ = flags;
        wait_flags_ = flags | raw(abi::enter::getevents);
    }
    friend struct ring_factory;

    submission_queue sq_;
    completion_queue cq_;
    ring_guard const* guard_ = &moved_from_guard;
    std::int32_t enter_fd_ = -1;
    std::uint32_t enter_flags_ = 0;
    std::uint32_t wait_flags_ = 0; // enter_flags_ and getevents
    std::uint32_t silent_ = 0;     // operations pushed that post no CQE when they succeed
    ring_state* state_ = nullptr;

    static ring_guard const moved_from_guard;
};

template <op::operation Op>
result<typename Op::value_type> ring::run(Op const& o) noexcept {
    static_assert(!op::is_stream<Op>, "a stream completes many times: push it and pop");
    static_assert(!op::is_chain_only<Op>, "only has a meaning inside op::link(...)");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::cqe_skip_success),
                  "run waits for a completion: skip_success would leave none");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_hardlink),
                  "op::hard only has a meaning inside op::link(...)");
    static_assert(!op::is_wide<Op>, "push wide operations");
    abi::cqe32 c;
    do {
        if (result<> room = begin_run(); !room)
            return fail(room.error());
        audit(o);
        op::fill(sq_.reserve(), o, reserved_user_data);
        lend(o, true);
        result<> const done = finish_run(c);
        lend(o, false);
        if (!done)
            return fail(done.error());
    } while (op::is_restartable<Op> && c.head.res == -EINTR);
    if (c.head.res == -EINVAL && !features().template supports<Op>()) [[unlikely]]
        return fail(EINVAL, op::attempt_of<Op>, cause::missing_feature);
    if constexpr (requires { Op::value(o, c); })
        return Op::value(o, c);
    else
        return op::value_of(o, c.head);
}

} // namespace rondo
