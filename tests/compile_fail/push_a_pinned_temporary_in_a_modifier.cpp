// expect: pushable
// SPDX-License-Identifier: MIT

#include <rondo/op/modifier.hpp>
#include <rondo/op/time.hpp>
#include <rondo/ring/ring.hpp>

#include <chrono>

bool push_it(rondo::ring& ring, rondo::op::timeout<> const& timeout) {
#ifdef RONDO_MUST_COMPILE
    auto const o = rondo::op::async(timeout);
    return ring.push(o, 1);
#else
    return ring.push(rondo::op::async(timeout), 1);
#endif
}
