// expect: op::hard only has a meaning inside op::link
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/ring/ring.hpp>

bool push_it(rondo::ring& ring) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return ring.push(op::async(op::nop{}), 1);
#else
    return ring.push(op::hard(op::nop{}), 1);
#endif
}
