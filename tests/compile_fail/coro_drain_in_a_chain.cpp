// expect: a drain can wait for ever
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>

rondo::task<> awaits_it() {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::op::link(rondo::op::nop{}, rondo::op::nop{}));
#else
    rondo::op::nop const last{};
    static_cast<void>(co_await rondo::op::link(rondo::op::drain(rondo::op::nop{}), last));
#endif
}
