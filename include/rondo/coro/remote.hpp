// SPDX-License-Identifier: MIT
#pragma once

// on(loop, task): runs a task on another loop, of any thread, and goes on here when it is over. A
// stop of the awaiting strand goes there too. Called on the awaiting loop's thread.

#include <rondo/coro/task.hpp>
#include <rondo/loop/inbox.hpp>

#include <coroutine>
#include <utility>

namespace rondo {
namespace detail {

/// A task on its way to another loop, there, and back. Four messages at most, each with a place of
/// its own: start, stop, "it is over" and "the stop has arrived". The awaiting frame goes on when
/// no message is under way any more.
class remote_base : work {
public:
    remote_base(remote_base const&) = delete;

protected:
    remote_base(strand& line, loop& there) noexcept
        : work(&resume, functions_of), line_(line), there_(there) {}
    ~remote_base() = default;

    void send(std::coroutine_handle<> frame) noexcept;
    static void over(task_promise_base& p) noexcept;
    [[nodiscard]] loop& there() const noexcept { return there_; }

    struct message : inbox_item {
        message(run_function how, remote_base& whose) noexcept : inbox_item(how), owner(whose) {}
        remote_base& owner;
    };
    virtual void begin() noexcept = 0;
    [[nodiscard]] virtual strand& child() noexcept = 0;

private:
    static void resume(work& w) noexcept;
    static void stop_it(work& w) noexcept;
    void go_on_if_all_is_back() noexcept;
    static constexpr work_functions functions_of{&stop_it, "on"};

    void start_there() noexcept { begin(); }
    void stop_there() noexcept;
    void came_back() noexcept;
    void stop_came_back() noexcept;
    template <void (remote_base::*How)() noexcept>
    static void receive(inbox_item& m) noexcept {
        (static_cast<message&>(m).owner.*How)();
    }

    strand& line_;
    loop& there_;
    std::coroutine_handle<> frame_;
    message start_{&receive<&remote_base::start_there>, *this};
    message stop_{&receive<&remote_base::stop_there>, *this};
    message back_{&receive<&remote_base::came_back>, *this};
    message stopped_{&receive<&remote_base::stop_came_back>, *this};
    // The awaiting thread's:
    bool is_back_ = false;
    bool stop_is_out_ = false;
    bool stop_was_sent_ = false;
    // The other thread's:
    bool is_over_ = false;
};

template <class T>
class remote_awaiter final : remote_base {
public:
    remote_awaiter(strand& line, loop& there, task<T>&& t) noexcept
        : remote_base(line, there), task_(std::move(t)) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) noexcept { send(frame); }
    T await_resume() { return task_.base()->take(); }

private:
    void begin() noexcept override {
        begin_strand(task_.promise(), there(), &remote_base::over,
                     static_cast<remote_base*>(this));
    }
    strand& child() noexcept override { return task_.base()->own; }

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

/// co_await on(other, work()): see the top of this file. `other` must run until it is over.
template <class T>
[[nodiscard]] remote<T> on(loop& other, task<T> t) noexcept {
    return remote<T>(other, std::move(t));
}

} // namespace rondo
