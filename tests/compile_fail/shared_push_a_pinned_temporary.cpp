// expect: no matching function|constraints not satisfied
// SPDX-License-Identifier: MIT

#include <rondo/op/time.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <chrono>

bool start(rondo::shared_ring& shared) {
    using namespace rondo;
    op::timeout const kept{.when = std::chrono::seconds(1)};
#ifdef RONDO_MUST_COMPILE
    return shared.push(kept, 1).has_value();
#else
    return shared.push(op::timeout{.when = std::chrono::seconds(1)}, 1).has_value();
#endif
}
