// SPDX-License-Identifier: MIT
#pragma once

// sync_wait: runs a task from ordinary code, with a loop of the caller's or one made for it. Any
// thread; the loop's, once it has one.

#include <rondo/coro/task.hpp>

#include <utility>

namespace rondo {

/// Runs `t` and all that the loop has besides, until `t` is over. Its value; throws what it threw,
/// or std::system_error when the ring does not work.
template <class T>
T sync_wait(loop& on, task<T> t) {
    bool over = false;
    auto& p = t.promise();
    detail::begin_strand(
        p, on,
        [](detail::task_promise_base& self) noexcept { *static_cast<bool*>(self.owner) = true; },
        &over);
    on.run_until(over).or_throw("the loop of sync_wait()");
    return p.take();
}

/// The same with a loop made for it.
template <class T>
T sync_wait(task<T> t) {
    auto on = loop::create().or_throw("the loop of sync_wait()");
    return sync_wait(on, std::move(t));
}

} // namespace rondo
