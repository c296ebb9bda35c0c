// SPDX-License-Identifier: MIT
#pragma once

// sync_wait: runs a task from ordinary code, with a loop of the caller's or one made for it. Any
// thread; the loop's, once it has one.

#include <rondo/core/assert.hpp>
#include <rondo/coro/task.hpp>

#include <utility>

namespace rondo {

namespace detail {

/// Begins a task on a loop that runs.
template <class T>
class first_step final : public work {
public:
    first_step(loop& on, task_promise<T>& what, bool& over) noexcept
        : work(&begin, functions_of), on_(on), what_(what), over_(over) {}

private:
    static void begin(work& w) noexcept {
        auto& self = static_cast<first_step&>(w);
        begin_strand(
            self.what_, self.on_,
            [](task_promise_base& p) noexcept { *static_cast<bool*>(p.owner) = true; },
            &self.over_);
    }
    static void nothing(work&) noexcept {}
    static constexpr work_functions functions_of{&nothing, "sync_wait"};

    loop& on_;
    task_promise<T>& what_;
    bool& over_;
};

} // namespace detail

/// Runs `t` and all that the loop has besides, until `t` is over. Its value; throws what it threw,
/// or std::system_error when the ring does not work: then `t` was asked to stop, and is over. It
/// aborts if the ring fails again before.
template <class T>
T sync_wait(loop& on, task<T> t) {
    bool over = false;
    detail::first_step<T> begins(on, t.promise(), over);
    on.post(begins);
    if (result<> ran = on.run_until(over); !ran) [[unlikely]] {
        // What is in flight uses memory of the task's, which is this function's.
        t.base()->own.request_stop();
        result<> const ended = on.run_until(over);
        RONDO_ASSERT(ended,
                     "the ring of sync_wait()'s loop failed, and again while the task ended");
        std::move(ran).or_throw("the loop of sync_wait()");
    }
    return t.base()->take();
}

/// The same with a loop made for it.
template <class T>
T sync_wait(task<T> t) {
    auto on = loop::create().or_throw("the loop of sync_wait()");
    return sync_wait(on, std::move(t));
}

} // namespace rondo
