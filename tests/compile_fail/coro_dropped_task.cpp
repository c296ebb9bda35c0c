// expect: a task does nothing until it is awaited|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>

rondo::task<> works();

rondo::task<> drops_it() {
#ifdef RONDO_MUST_COMPILE
    co_await works();
#else
    works();
    co_return;
#endif
}
