// expect: skip_success and drain are for a ring of one thread
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/ring/shared_ring.hpp>

bool start(rondo::shared_ring& shared) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.push(op::async(op::nop{}), 1).has_value();
#else
    return shared.push(op::skip_success(op::nop{}), 1).has_value();
#endif
}
