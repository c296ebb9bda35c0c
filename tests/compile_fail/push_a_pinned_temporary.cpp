// expect: pushable
// SPDX-License-Identifier: MIT

#include <rondo/op/time.hpp>
#include <rondo/ring/ring.hpp>

#include <chrono>

bool push_it(rondo::ring& ring) {
#ifdef RONDO_MUST_COMPILE
    rondo::op::timeout const o{.when = std::chrono::seconds(1)};
    return ring.push(o, 1);
#else
    return ring.push(rondo::op::timeout{.when = std::chrono::seconds(1)}, 1);
#endif
}
