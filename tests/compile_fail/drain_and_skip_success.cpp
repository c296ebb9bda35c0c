// expect: drain and skip_success exclude each other
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>

auto drained() {
#ifdef RONDO_MUST_COMPILE
    return rondo::op::drain(rondo::op::async(rondo::op::nop{}));
#else
    return rondo::op::drain(rondo::op::skip_success(rondo::op::nop{}));
#endif
}
