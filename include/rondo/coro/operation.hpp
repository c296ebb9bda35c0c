// SPDX-License-Identifier: MIT
#pragma once

// co_await of an operation: it is in flight while its strand sleeps, and its memory is the
// awaiting frame's. One thread: the loop's.

#include <rondo/coro/strand.hpp>
#include <rondo/loop/lending.hpp>
#include <rondo/op/operation.hpp>

#include <cerrno>
#include <coroutine>
#include <cstdint>

namespace rondo {

/// The error of what was stopped.
[[nodiscard]] inline error stopped_error(attempt what = attempt::wait) noexcept {
    return error(ECANCELED, what, cause::stopped);
}

namespace detail {

/// Whether the answer to an operation that was to end means that it did nothing and ended for that:
/// a worker thread that is cancelled in its sleep is interrupted, and tells of that, or of one of
/// the kernel's own codes, ERESTARTSYS and its like, which no system call shows.
template <op::operation Op>
[[nodiscard]] constexpr bool ended_by_stop(std::int32_t res) noexcept {
    constexpr std::int32_t first_restart = 512;
    constexpr std::int32_t last_restart = 516;
    return res == -ECANCELED || (res <= -first_restart && res >= -last_restart) ||
           (op::is_restartable<Op> && res == -EINTR);
}

/// An operation in flight for a strand. `Op` outlives it: it is an operand of the same co_await.
template <op::operation Op>
class operation_awaiter final : completion {
    static_assert(!op::is_stream<Op>, "it completes many times: use rondo::stream");
    static_assert(!op::is_chain_only<Op>, "only has a meaning inside op::link(...)");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::cqe_skip_success),
                  "co_await waits for a completion: skip_success would leave none");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_drain),
                  "a drain can wait for ever behind what is in flight; use a ring of its own");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_hardlink),
                  "op::hard only has a meaning inside op::link(...)");
    static_assert(!op::is_wide<Op>, "push wide operations to a ring of their own");

public:
    [[gnu::always_inline]] operation_awaiter(strand& line, Op const& o) noexcept
        : completion(functions_of), line_(&line), op_(&o) {
        if (line.stop_requested()) [[unlikely]]
            return;
        line.waits_for(this);
        if (line.where().start_at_once(*this, o)) [[likely]]
            lend(o, true);
        else
            line.where().start(*this);
    }
    [[nodiscard]] bool await_ready() const noexcept { return is_idle(); }
    [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
    }
    void cancel() noexcept { line_->where().cancel(*this); }
    [[nodiscard]] result<typename Op::value_type> await_resume() noexcept {
        if (is_idle()) [[unlikely]]
            return fail(stopped_error(op::attempt_of<Op>));
        bool const stopped = stop_was_wanted();
        set_idle();
        if (stopped && ended_by_stop<Op>(res())) [[unlikely]]
            return fail(stopped_error(op::attempt_of<Op>));
        return op::value_of(*op_, outcome());
    }

private:
    static operation_awaiter& self_of(work& w) noexcept {
        return static_cast<operation_awaiter&>(w);
    }
    static void resume(work& w) noexcept {
        operation_awaiter& self = self_of(w);
        lend(*self.op_, false);
        if constexpr (op::is_restartable<Op>)
            if (self.res() == -EINTR && self.line_->where().restart(self)) [[unlikely]]
                return;
        self.line_->waits_for(nullptr);
        self.frame_.resume();
    }
    static void stop_it(work& w) noexcept {
        operation_awaiter& self = self_of(w);
        self.line_->where().cancel(self);
    }
    static void fill(completion& c, submission_queue& to) noexcept {
        op::fill(to.reserve(), *self_of(c).op_, loop::user_data_of(c));
        lend(*self_of(c).op_, true);
    }
    static void more(completion& c, abi::cqe const& e) noexcept { c.note(e); }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, &resume, &fill, &more};

    strand* line_;
    std::coroutine_handle<> frame_;
    Op const* op_;
};

} // namespace detail
} // namespace rondo
