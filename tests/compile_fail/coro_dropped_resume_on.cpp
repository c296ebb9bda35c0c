// expect: co_await it|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/coro/resume_on.hpp>
#include <rondo/coro/task.hpp>

rondo::task<> drops_it(rondo::loop& other) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::resume_on(other));
#else
    rondo::resume_on(other);
    co_return;
#endif
}
