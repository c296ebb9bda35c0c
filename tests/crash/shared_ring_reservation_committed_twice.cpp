// SPDX-License-Identifier: MIT
// expect: a reservation was committed twice
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto batch = shared.reserve(1).or_throw("reserve");
    auto const later = batch.add(rondo::op::nop{});
    batch.commit().or_throw("commit");
    shared.wait(later).or_throw("wait");
    static_cast<void>(batch.commit());
}
