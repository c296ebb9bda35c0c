// expect: have entries of 64 and 16 bytes
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

bool start(rondo::shared_ring& shared) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.push(op::nop{}, 1).has_value();
#else
    return shared.push(op::nop128{}, 1).has_value();
#endif
}
