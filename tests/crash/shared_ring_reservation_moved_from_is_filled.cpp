// SPDX-License-Identifier: MIT
// expect: an operation was added to a reservation after commit
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <utility>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto batch = shared.reserve(2).or_throw("reserve");
    auto const moved = std::move(batch);
    static_cast<void>(batch.add(rondo::op::nop{}));
}
