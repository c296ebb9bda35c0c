// SPDX-License-Identifier: MIT
// expect: rondo: an operation was pushed to a moved-from ring
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <utility>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    auto const other = std::move(ring);
    return ring.push(rondo::op::nop{}, 1) ? 1 : 0;
}
