// SPDX-License-Identifier: MIT
#pragma once

// Stops from outside, and against them: a std::stop_token that stops a task, and a shield for what
// must be done all the same. One thread: the loop's; the token's source may be any thread's.

#include <rondo/coro/task.hpp>
#include <rondo/loop/inbox.hpp>

#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

namespace rondo {
namespace detail {

/// A task that a token stops. Goes on when the task is over and no message of the token's is under
/// way. Steps of tests/model/stop.pml.
class token_base : work, inbox_item {
public:
    token_base(token_base const&) = delete;

protected:
    token_base(strand& line, std::stop_token&& token) noexcept;
    ~token_base() = default;

    /// False: it was over at once.
    bool run(void (*begin)(token_base&) noexcept, strand& child,
             std::coroutine_handle<> frame) noexcept;
    static void over(task_promise_base& p) noexcept;
    [[nodiscard]] strand& line() const noexcept { return line_; }

private:
    struct post_stop {
        token_base& owner;
        void operator()() const noexcept;
    };
    static void resume(work& w) noexcept;
    static void stop_it(work& w) noexcept;
    static void stop_arrived(inbox_item& m) noexcept;
    static constexpr work_functions functions_of{&stop_it, "with_stop"};

    strand& line_;
    strand* child_ = nullptr;
    std::coroutine_handle<> frame_;
    std::stop_token token_;
    std::optional<std::stop_callback<post_stop>> callback_;
    bool is_over_ = false;
    bool starting_ = false;
    bool sent_ = false; // by the source's thread; read when the callback is gone
    bool arrived_ = false;
};

template <class T>
class token_awaiter final : token_base {
public:
    token_awaiter(strand& on, std::stop_token&& token, task<T>&& t) noexcept
        : token_base(on, std::move(token)), task_(std::move(t)) {}
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> frame) noexcept {
        return run(&begin, task_.base()->own, frame);
    }
    T await_resume() { return task_.base()->take(); }

private:
    static void begin(token_base& base) noexcept {
        auto& self = static_cast<token_awaiter&>(base);
        begin_strand(self.task_.promise(), self.line().where(), &token_base::over,
                     static_cast<token_base*>(&self));
    }

    task<T> task_;
};

/// Between start and end of a task, a stop of the strand has no effect on it.
template <class T>
class shielded_awaiter final {
public:
    shielded_awaiter(strand& line, task<T>&& t) noexcept
        : line_(line), task_(std::move(t)), joiner_(std::move(task_).in(line)) {
        line_.shield();
    }
    shielded_awaiter(shielded_awaiter const&) = delete;
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> frame) const noexcept {
        return joiner_.await_suspend(frame);
    }
    T await_resume() {
        line_.unshield();
        return joiner_.await_resume();
    }

private:
    strand& line_;
    task<T> task_;
    typename task<T>::joiner joiner_;
};

} // namespace detail

/// What with_stop() returns.
template <class T>
class [[nodiscard("co_await it")]] stoppable {
public:
    stoppable(std::stop_token&& token, task<T>&& t) noexcept
        : token_(std::move(token)), task_(std::move(t)) {}
    [[nodiscard]] detail::token_awaiter<T> in(strand& line) && noexcept {
        return detail::token_awaiter<T>(line, std::move(token_), std::move(task_));
    }

private:
    std::stop_token token_;
    task<T> task_;
};

/// co_await with_stop(token, work()): the task is stopped when the token is, from whatever thread,
/// as well as with the strand that awaits it.
template <class T>
[[nodiscard]] stoppable<T> with_stop(std::stop_token token, task<T> t) noexcept {
    return stoppable<T>(std::move(token), std::move(t));
}

/// What shielded() returns.
template <class T>
class [[nodiscard("co_await it")]] shield_request {
public:
    explicit shield_request(task<T>&& t) noexcept : task_(std::move(t)) {}
    [[nodiscard]] detail::shielded_awaiter<T> in(strand& line) && noexcept {
        return detail::shielded_awaiter<T>(line, std::move(task_));
    }

private:
    task<T> task_;
};

/// co_await shielded(clean_up()): stops wait until it is over. For what must be done on the way
/// out, which should be short.
template <class T>
[[nodiscard]] shield_request<T> shielded(task<T> t) noexcept {
    return shield_request<T>(std::move(t));
}

} // namespace rondo
