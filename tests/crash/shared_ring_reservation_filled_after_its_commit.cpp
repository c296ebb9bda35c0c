// SPDX-License-Identifier: MIT
// expect: an operation was added to a reservation after commit
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto batch = shared.reserve(2).or_throw("reserve");
    static_cast<void>(batch.add(rondo::op::nop{}));
    batch.commit().or_throw("commit");
    static_cast<void>(batch.add(rondo::op::nop{}));
}
