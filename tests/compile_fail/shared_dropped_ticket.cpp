// expect: without it the result is lost
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

void drop(rondo::reservation& batch) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(batch.add(rondo::op::nop{}));
#else
    batch.add(rondo::op::nop{});
#endif
}
