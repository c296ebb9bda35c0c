// SPDX-License-Identifier: MIT
#pragma once

// resume_on(loop): moves the strand that awaits it to another loop, of any thread, with all tasks
// along it. Where it is over makes no difference to those who wait for it or stop it: its last word
// goes home, to the loop that it began on. Each thread: its own loop's strands.
//
//     (co_await resume_on(workers.at(0))).or_throw("moved");
//     auto sum = compute();                               // on that thread
//     (co_await resume_on(home)).or_throw("back");

#include <rondo/core/result.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/loop/work.hpp>

#include <coroutine>

namespace rondo {
namespace detail {

/// A strand on its way. First it is work of the loop that it leaves: what began or resumed it there
/// is on the stack when it is awaited. Then it is a message.
class move_awaiter final : work, inbox_item {
public:
    move_awaiter(strand& line, loop& to) noexcept;
    [[nodiscard]] bool await_ready() const noexcept {
        return line_.stop_requested() || &line_.where() == &to_;
    }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        line_.waits_for(this);
        line_.where().post(*this);
    }
    [[nodiscard]] result<> await_resume() const noexcept;

private:
    friend class excursion;

    static void set_out(work& w) noexcept;
    static void arrived(inbox_item& m) noexcept;
    static void nothing(work&) noexcept {} // it looks for a stop before it leaves
    static constexpr work_functions functions_of{&nothing, "resume_on"};
    void go_on() noexcept {
        line_.waits_for(nullptr);
        frame_.resume();
    }

    strand& line_;
    loop& to_;
    std::coroutine_handle<> frame_;
    bool no_memory_ = false;
};

} // namespace detail

/// What resume_on() returns.
class [[nodiscard("co_await it")]] move_request {
public:
    explicit move_request(loop& other) noexcept : to_(other) {}
    [[nodiscard]] detail::move_awaiter in(strand& line) const noexcept {
        return detail::move_awaiter(line, to_);
    }

private:
    loop& to_;
};

/// co_await resume_on(other): goes on there, at once if it is there already. An error leaves the
/// strand where it is: it is stopped; or ENOMEM, when it leaves the loop that it began on. `other`
/// must run until the strand has left it or is over, also for a stop to arrive there: who waits for
/// the strand would wait for ever. The loop that it began on must run until it is back or over:
/// loop::run() does not wait for what is away, sync_wait() does. To destroy either before aborts.
///
/// No scope of the strand's may be open, or it aborts: its tasks would stay behind. So must what
/// belongs to a loop, to be used and destroyed on its thread: a stream, a lease of a buffer.
[[nodiscard]] inline move_request resume_on(loop& other) noexcept { return move_request(other); }

} // namespace rondo
