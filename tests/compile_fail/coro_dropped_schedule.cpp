// expect: co_await it|unused-result|unused-value
// SPDX-License-Identifier: MIT

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>

rondo::task<> drops_it() {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::schedule());
#else
    rondo::schedule();
    co_return;
#endif
}
