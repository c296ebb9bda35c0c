// SPDX-License-Identifier: MIT
// expect: a ticket was waited for before its reservation was committed
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto batch = shared.reserve(1).or_throw("reserve");
    auto const later = batch.add(rondo::op::nop{});
    static_cast<void>(shared.wait(later));
}
