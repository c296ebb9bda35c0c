// expect: a result may hold an error|unused-result
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

void drop(rondo::ring& ring) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(ring.run(rondo::op::nop{}));
#else
    ring.run(rondo::op::nop{});
#endif
}
