// expect: skip_success would leave none
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/ring/ring.hpp>

bool wait_for(rondo::ring& ring) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return ring.run(op::nop{}).has_value();
#else
    return ring.run(op::skip_success(op::nop{})).has_value();
#endif
}
