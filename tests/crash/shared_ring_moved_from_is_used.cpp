// SPDX-License-Identifier: MIT
// expect: a moved-from shared_ring was used
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <utility>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    auto const moved = std::move(shared);
    static_cast<void>(shared.submit(rondo::op::nop{}));
}
