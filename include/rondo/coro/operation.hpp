// SPDX-License-Identifier: MIT
#pragma once

// co_await of an operation: it is in flight while its strand sleeps, and its memory is the
// awaiting frame's. One thread: the loop's.

#include <rondo/coro/strand.hpp>
#include <rondo/loop/lending.hpp>
#include <rondo/loop/may_start.hpp>
#include <rondo/op/operation.hpp>

#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

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
    return res == -ECANCELED || op::is_interruption(res) ||
           (op::is_restartable<Op> && res == -EINTR);
}

/// An operation in flight for a strand. `Op` outlives this: it is an operand of the same co_await.
template <op::operation Op>
class operation_awaiter final : completion {
    static_assert(may_start_once<Op>());

public:
    [[gnu::always_inline]] operation_awaiter(strand& line, Op const& o) noexcept
        : completion(by_coroutine{}, functions_of), line_(&line) {
        // A copy in registers, unless its address counts: compilers would read it from the frame
        // again, since they cannot know that the queue is elsewhere.
        std::conditional_t<op::is_pinned<Op>, Op const&, Op const> what = o;
        if (!line.stop_requested()) [[likely]] {
            line.waits_for(this);
            if (line.where().start_at_once(*this, what)) [[likely]] {
                if constexpr (keeps_it)
                    where_ = &o;
                lend(o, true);
                return;
            }
        }
        not_at_once(o);
    }
    [[nodiscard]] bool await_ready() const noexcept { return is_idle(); }
    [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> frame) noexcept {
        go_on_with(frame);
    }
    void cancel() noexcept { line_->where().cancel(*this); }
    [[nodiscard]] result<typename Op::value_type> await_resume() noexcept {
        line_->waits_for(nullptr);
        if constexpr (keeps_it)
            if (!is_idle())
                lend(operation(), false);
        result<typename Op::value_type> taken = take();
        set_idle(); // once for all ways: then compilers know that the destructor has nothing to say
        return taken;
    }

private:
    static constexpr bool has_value = requires(Op const& o, abi::cqe const& c) {
        Op::value(o, c);
    } || std::is_same_v<typename Op::value_type, unique_fd>;
    /// What nobody asks for later is only kept, as a copy, when it has to wait for room: else it
    /// need not be in the frame at all.
    static constexpr bool keeps_it =
        has_value || op::is_restartable<Op> || op::is_pinned<Op> ||
        requires(Op const& o) { o.memory([](void const*, std::size_t, op::access) {}); };

    [[nodiscard]] Op const& operation() const noexcept {
        if constexpr (keeps_it)
            return *where_;
        else
            return op_;
    }
    [[nodiscard, gnu::always_inline]] result<typename Op::value_type> take() const noexcept {
        if (res() < 0 && was_stopped()) [[unlikely]] {
            if (!is_idle())
                let_go();
            return fail(stopped_error(op::attempt_of<Op>));
        }
        if constexpr (has_value)
            return op::value_of(operation(), outcome());
        else
            return op::plain_value<Op>(outcome());
    }
    /// What came with an answer that is not told, such as a buffer, goes back.
    [[gnu::cold, gnu::noinline]] void let_go() const noexcept {
        if constexpr (has_value)
            static_cast<void>(op::value_of(operation(), outcome()));
    }
    [[nodiscard]] bool was_stopped() const noexcept {
        return is_idle() || (stop_was_wanted() && ended_by_stop<Op>(res()));
    }
    [[gnu::cold, gnu::noinline]] void not_at_once(
        std::conditional_t<keeps_it, Op const&, Op> o) noexcept {
        if constexpr (keeps_it)
            where_ = &o;
        else
            ::new (static_cast<void*>(&op_)) Op(o);
        set_idle();
        if (line_->stop_requested())
            note(abi::cqe{0, -ECANCELED, 0});
        else
            line_->where().start(*this);
    }
    static operation_awaiter& self_of(work& w) noexcept {
        return static_cast<operation_awaiter&>(w);
    }
    static void stop_it(work& w) noexcept {
        operation_awaiter& self = self_of(w);
        self.line_->where().cancel(self);
    }
    static void fill(completion& c, submission_queue& to) noexcept {
        operation_awaiter& self = self_of(c);
        op::fill(to.reserve(), self.operation(), loop::user_data_of(c));
        lend(self.operation(), true);
    }
    static void more(completion& c, abi::cqe const& e) noexcept { c.note(e); }
    static void give_back(completion& c) noexcept { self_of(c).let_go(); }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, nullptr, &fill, &more, 1, op::is_restartable<Op>, &give_back};

    strand* line_;
    union {
        Op const* where_; // if it is kept
        Op op_;
    };
};

} // namespace detail
} // namespace rondo
