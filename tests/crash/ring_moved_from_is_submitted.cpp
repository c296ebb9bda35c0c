// SPDX-License-Identifier: MIT
// expect: rondo: a moved-from ring was used
#include <rondo/ring/ring.hpp>

#include <utility>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    auto const other = std::move(ring);
    static_cast<void>(ring.submit());
}
