// expect: no match|no matching|no viable
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>

#include <utility>

rondo::task<int> three();

rondo::task<int> awaits_it() {
    auto t = three();
#ifdef RONDO_MUST_COMPILE
    co_return co_await std::move(t);
#else
    co_return co_await t;
#endif
}
