// expect: no match|no matching|no viable
// SPDX-License-Identifier: MIT

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>

#include <coroutine>

/// Nobody would resume it, and no stop could reach it.
rondo::task<> suspends_for_ever() {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::schedule());
#else
    co_await std::suspend_always{};
#endif
}
