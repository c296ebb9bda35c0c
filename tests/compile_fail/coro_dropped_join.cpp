// expect: co_await it|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/scope.hpp>

rondo::task<> drops_it(rondo::scope& tasks) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await tasks.join());
#else
    tasks.join();
    co_return;
#endif
}
