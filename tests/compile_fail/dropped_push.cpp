// expect: false means the queue is full|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

void drop(rondo::ring& ring) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(ring.push(rondo::op::nop{}, 1));
#else
    ring.push(rondo::op::nop{}, 1);
#endif
}
