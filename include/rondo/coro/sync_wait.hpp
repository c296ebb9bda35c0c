// SPDX-License-Identifier: MIT
#pragma once

// sync_wait: runs a task from ordinary code, with a loop of the caller's or one made for it. Any
// thread; the loop's, once it has one.

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

/// Throws what loop::create() says.
[[nodiscard]] loop loop_to_wait_on();
/// After a failure of the ring: stops the task and waits for its end, without the ring if need be.
[[gnu::cold]] void end_after_failure(loop& on, strand& line, bool const& over) noexcept;

} // namespace detail

/// Runs `t` and all that the loop has besides, until `t` is over. Its value; throws what it threw,
/// or std::system_error when the ring does not work: then `t` was asked to stop, and is over. If
/// the ring goes on failing it aborts after a second, unless `t` could end without it: what is in
/// flight uses the memory of tasks.
template <class T>
T sync_wait(loop& on, task<T> t) {
    bool over = false;
    detail::first_step<T> begins(on, t.promise(), over);
    on.post(begins);
    if (result<> ran = on.run_until(over); !ran) [[unlikely]] {
        // What is in flight uses memory of the task's, which is this function's.
        detail::end_after_failure(on, t.base()->own, over);
        std::move(ran).or_throw("the loop of sync_wait()");
    }
    return t.base()->take();
}

/// The same with a loop made for it.
template <class T>
T sync_wait(task<T> t) {
    loop on = detail::loop_to_wait_on();
    return sync_wait(on, std::move(t));
}

} // namespace rondo
