// expect: skip_success would leave none
// SPDX-License-Identifier: MIT

#include <rondo/loop/orphan.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>

rondo::result<> leave(rondo::loop& on) {
#ifdef RONDO_MUST_COMPILE
    return on.orphan(rondo::op::async(rondo::op::nop{}));
#else
    return on.orphan(rondo::op::skip_success(rondo::op::nop{}));
#endif
}
