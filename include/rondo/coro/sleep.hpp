// SPDX-License-Identifier: MIT
#pragma once

// Awaitables of time and of the loop itself. One thread: the loop's.

#include <rondo/coro/operation.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/op/time.hpp>

#include <coroutine>

namespace rondo {
namespace detail {

/// Waits for a timer of the loop's, which costs the kernel nothing of its own.
class sleep_awaiter final : work, timer {
public:
    sleep_awaiter(strand& line, deadline until) noexcept;
    sleep_awaiter(sleep_awaiter const&) = delete;
    [[nodiscard]] bool await_ready() const noexcept { return line_.stop_requested(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept;
    [[nodiscard]] result<> await_resume() const noexcept;

private:
    static void resume(work& w) noexcept;
    static void stop_it(work& w) noexcept;
    static void expired(timer& t) noexcept;
    static constexpr work_functions functions_of{&stop_it, "sleep"};

    strand& line_;
    deadline until_;
    std::coroutine_handle<> frame_;
    bool slept_ = false;
};

/// Lets everything run that is ready.
class schedule_awaiter final : work {
public:
    explicit schedule_awaiter(strand& line) noexcept : work(&resume, functions_of), line_(line) {}
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        line_.where().post(*this);
    }
    [[nodiscard]] result<> await_resume() const noexcept {
        if (line_.stop_requested())
            return fail(stopped_error());
        return {};
    }

private:
    static void resume(work& w) noexcept { static_cast<schedule_awaiter&>(w).frame_.resume(); }
    static void nothing(work&) noexcept {}
    static constexpr work_functions functions_of{&nothing, "schedule"};

    strand& line_;
    std::coroutine_handle<> frame_;
};

class ready_strand {
public:
    explicit ready_strand(strand& line) noexcept : line_(line) {}
    [[nodiscard]] static bool await_ready() noexcept { return true; }
    static void await_suspend(std::coroutine_handle<>) noexcept {}
    [[nodiscard]] strand& await_resume() const noexcept { return line_; }

private:
    strand& line_;
};

} // namespace detail

/// What sleep_for() and sleep_until() return.
class [[nodiscard("co_await it")]] sleep_request {
public:
    explicit constexpr sleep_request(deadline until) noexcept : until_(until) {}
    [[nodiscard]] detail::sleep_awaiter in(strand& line) const noexcept {
        return detail::sleep_awaiter(line, until_);
    }

private:
    deadline until_;
};

/// A while from when it is awaited. Thousands of them cost one wait of the kernel's. Ends early
/// only by a stop, which is an error then.
template <duration_like Duration>
[[nodiscard]] constexpr sleep_request sleep_for(Duration const& d) noexcept {
    return sleep_request(deadline(d));
}
/// Until a point of the steady clock.
template <steady_time_point TimePoint>
[[nodiscard]] constexpr sleep_request sleep_until(TimePoint const& at) noexcept {
    return sleep_request(deadline(at));
}
/// Until a point of the wall clock, wherever it is set meanwhile: an operation of its own, whose
/// value says that the time came. Linux 5.15
template <op::wall_time_point TimePoint>
[[nodiscard]] constexpr op::timeout<> sleep_until(TimePoint const& at) noexcept {
    return op::timeout<>{.when = at};
}

/// co_await schedule(): goes on after all else that is ready. An error if its strand is stopped.
struct schedule {
    [[nodiscard("co_await it")]] constexpr schedule() noexcept {}
    [[nodiscard]] detail::schedule_awaiter in(strand& line) const noexcept {
        return detail::schedule_awaiter(line);
    }
};

/// co_await this_strand(): the strand that the task runs on, and with it the loop.
struct this_strand {
    [[nodiscard("co_await it")]] constexpr this_strand() noexcept {}
    [[nodiscard]] detail::ready_strand in(strand& line) const noexcept {
        return detail::ready_strand(line);
    }
};

} // namespace rondo
