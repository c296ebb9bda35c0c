// SPDX-License-Identifier: MIT
// expect: more operations were added than were reserved
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto batch = shared.reserve(1).or_throw("reserve");
    static_cast<void>(batch.add(rondo::op::nop{}));
    static_cast<void>(batch.add(rondo::op::nop{}));
}
