// SPDX-License-Identifier: MIT
// expect: rondo: completions were asked of a moved-from ring
#include <rondo/ring/ring.hpp>

#include <utility>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    auto const other = std::move(ring);
    rondo::abi::cqe c;
    return ring.pop(c) ? 1 : 0;
}
