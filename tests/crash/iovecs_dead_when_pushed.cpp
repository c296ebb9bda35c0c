// SPDX-License-Identifier: MIT
// expect: rondo: op::read was pushed with memory that is freed, out of scope or lent
// sanitizer: address
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <vector>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    char byte = 0;
    auto* const parts = new std::vector<::iovec>{{&byte, 1}};
    rondo::op::read const dead{.fd = 0, .into = rondo::iovecs(*parts)};
    delete parts;
    return ring.push(dead, 1) ? 1 : 0;
}
