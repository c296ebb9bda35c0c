// SPDX-License-Identifier: MIT
#pragma once

// on(loop, task): runs a task on another loop, of any thread, and goes on here when it is over. A
// stop of the awaiting strand goes there too. Called on the awaiting loop's thread.

#include <rondo/coro/away.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/loop/work.hpp>

#include <coroutine>
#include <utility>

namespace rondo {
namespace detail {

/// A task on its way to another loop, there, and back.
class remote_base : work, away_strand {
public:
    remote_base(remote_base const&) = delete;

protected:
    remote_base(strand& line, loop& there, strand& child) noexcept
        : work(&resume, functions_of), away_strand(line.where(), there), line_(line), there_(there),
          child_(child) {}
    ~remote_base() = default;

    void send(std::coroutine_handle<> frame) noexcept;
    static void over(task_promise_base& p) noexcept;
    [[nodiscard]] loop& there() const noexcept { return there_; }

    virtual void begin() noexcept = 0;

private:
    struct message : inbox_item {
        explicit message(remote_base& whose) noexcept : inbox_item(&arrived), owner(whose) {}
        static void arrived(inbox_item& m) noexcept {
            remote_base& self = static_cast<message&>(m).owner;
            self.came();
            self.begin();
        }
        remote_base& owner;
    };
    static void resume(work& w) noexcept;
    static void stop_it(work& w) noexcept;
    void reach() noexcept override;
    void back() noexcept override;
    static constexpr work_functions functions_of{&stop_it, "on"};

    strand& line_;
    loop& there_;
    strand& child_;
    std::coroutine_handle<> frame_;
    message start_{*this};
};

template <class T>
class remote_awaiter final : remote_base {
public:
    remote_awaiter(strand& line, loop& there, task<T>&& t) noexcept
        : remote_base(line, there, t.base()->own), task_(std::move(t)) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) noexcept { send(frame); }
    T await_resume() { return task_.base()->take(); }

private:
    void begin() noexcept override {
        begin_strand(task_.promise(), there(), &remote_base::over, static_cast<remote_base*>(this));
    }

    task<T> task_;
};

} // namespace detail

/// What on() returns.
template <class T>
class [[nodiscard("co_await it")]] remote {
public:
    remote(loop& there, task<T>&& t) noexcept : there_(there), task_(std::move(t)) {}
    [[nodiscard]] detail::remote_awaiter<T> in(strand& line) && noexcept {
        return detail::remote_awaiter<T>(line, there_, std::move(task_));
    }

private:
    loop& there_;
    task<T> task_;
};

/// co_await on(other, work()): see the top of this file. `other` must run until the task is over,
/// also for a stop to arrive there: the awaiting strand would wait for ever. To destroy a loop with
/// a task of another's on it aborts, as does to destroy one whose task is on another.
template <class T>
[[nodiscard]] remote<T> on(loop& other, task<T> t) noexcept {
    return remote<T>(other, std::move(t));
}

} // namespace rondo
