// expect: co_await it|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/remote.hpp>

rondo::task<> works();

rondo::task<> drops_it(rondo::loop& other) {
#ifdef RONDO_MUST_COMPILE
    co_await rondo::on(other, works());
#else
    rondo::on(other, works());
    co_return;
#endif
}
