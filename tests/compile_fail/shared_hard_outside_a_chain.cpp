// expect: op::hard only has a meaning inside op::link|only have a meaning inside op::link
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/ring/shared_ring.hpp>

bool start(rondo::shared_ring& shared) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.submit(op::async(op::nop{})).has_value();
#else
    return shared.submit(op::hard(op::nop{})).has_value();
#endif
}
