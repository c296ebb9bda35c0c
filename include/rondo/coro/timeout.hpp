// SPDX-License-Identifier: MIT
#pragma once

// timeout: anything that can be awaited, with a bound in time. One thread: the loop's.

#include <rondo/coro/combine.hpp>
#include <rondo/coro/operation.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>

#include <cerrno>
#include <coroutine>
#include <utility>

namespace rondo {
namespace detail {

/// An operation that is cancelled when a timer of the loop's expires: no other operation, no
/// allocation.
template <op::operation Op>
class timed_awaiter final : timer {
public:
    timed_awaiter(strand& line, Op const& o, deadline until) noexcept
        : timer(&expired), line_(line), inner_(line, o) {
        if (!inner_.await_ready()) {
            loop& on = line.where();
            on.timers().arm(*this, on.time_of(until));
        }
    }
    [[nodiscard]] bool await_ready() const noexcept { return inner_.await_ready(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept { inner_.await_suspend(frame); }
    [[nodiscard]] result<typename Op::value_type> await_resume() noexcept {
        line_.where().timers().disarm(*this);
        auto value = inner_.await_resume();
        if (!value && time_is_up_ && value.error().stopped() && !line_.stop_requested())
            return fail(ETIME, op::attempt_of<Op>);
        return value;
    }

private:
    static void expired(timer& t) noexcept {
        auto& self = static_cast<timed_awaiter&>(t);
        self.time_is_up_ = true;
        self.inner_.cancel();
    }

    strand& line_;
    operation_awaiter<Op> inner_;
    bool time_is_up_ = false;
};

template <op::operation Op>
class [[nodiscard("co_await it")]] timed_operation {
public:
    timed_operation(Op const& o, deadline until) noexcept : op_(o), until_(until) {}
    [[nodiscard]] timed_awaiter<Op> in(strand& line) const noexcept {
        return timed_awaiter<Op>(line, op_, until_);
    }

private:
    Op op_;
    deadline until_;
};

template <class T>
task<result<T>> timed_task(task<result<T>> t, deadline until) {
    auto ended = co_await when_any(std::move(t), sleep_request(until));
    auto& [value, slept] = ended.results;
    if (!value && value.error().stopped() && slept)
        co_return fail(ETIME, value.error().attempted());
    co_return std::move(value);
}

} // namespace detail

/// Awaits the operation or task, which is stopped when it takes longer: ETIME then. A result that
/// came before it could be stopped is delivered all the same.
template <op::operation Op>
[[nodiscard]] detail::timed_operation<Op> timeout(Op const& o, deadline until) noexcept {
    return detail::timed_operation<Op>(o, until);
}
template <class T>
[[nodiscard]] task<result<T>> timeout(task<result<T>> t, deadline until) {
    return detail::timed_task(std::move(t), until);
}

} // namespace rondo
