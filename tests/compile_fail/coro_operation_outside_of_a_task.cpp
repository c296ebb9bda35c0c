// expect: no (member named 'await_ready'|viable)|has no member named .await_ready.|await_ready
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>
#include <rondo/op/control.hpp>

#include <coroutine>

/// A coroutine type of another library.
struct others {
    struct promise_type {
        others get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept {}
    };
};

others awaits_an_operation() {
#ifdef RONDO_MUST_COMPILE
    co_await std::suspend_never{};
#else
    co_await rondo::op::nop{};
#endif
}
