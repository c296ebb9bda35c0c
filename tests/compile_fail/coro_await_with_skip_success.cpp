// expect: skip_success would leave none
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>

rondo::task<> awaits_it() {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::op::async(rondo::op::nop{}));
#else
    static_cast<void>(co_await rondo::op::skip_success(rondo::op::nop{}));
#endif
}
