// expect: warn_unused_result|unused-result|nodiscard
// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

void drop(rondo::shared_ring& shared) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(shared.submit(rondo::op::nop{}));
#else
    shared.submit(rondo::op::nop{});
#endif
}
