// expect: co_await it|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/combine.hpp>

rondo::task<> works();

rondo::task<> drops_it() {
#ifdef RONDO_MUST_COMPILE
    co_await rondo::when_all(works(), works());
#else
    rondo::when_all(works(), works());
    co_return;
#endif
}
