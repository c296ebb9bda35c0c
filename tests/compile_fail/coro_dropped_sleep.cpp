// expect: co_await it|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>

#include <chrono>

rondo::task<> drops_it() {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::sleep_for(std::chrono::seconds(1)));
#else
    rondo::sleep_for(std::chrono::seconds(1));
    co_return;
#endif
}
