// expect: only has a meaning inside op::link
// SPDX-License-Identifier: MIT

#include <rondo/op/time.hpp>
#include <rondo/ring/ring.hpp>

#include <chrono>

bool push_it(rondo::ring& ring) {
#ifdef RONDO_MUST_COMPILE
    rondo::op::timeout const o{.when = std::chrono::seconds(1)};
#else
    rondo::op::link_timeout const o{.when = std::chrono::seconds(1)};
#endif
    return ring.push(o, 1);
}
