// expect: only has a meaning inside op::link|only have a meaning inside op::link
// SPDX-License-Identifier: MIT

#include <rondo/op/time.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <chrono>

bool start(rondo::shared_ring& shared) {
#ifdef RONDO_MUST_COMPILE
    rondo::op::timeout const o{.when = std::chrono::seconds(1)};
#else
    rondo::op::link_timeout const o{.when = std::chrono::seconds(1)};
#endif
    return shared.submit(o).has_value();
}
