// SPDX-License-Identifier: MIT
// expect: rondo: op::read was submitted with memory that is freed, out of scope or lent
// sanitizer: address
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <vector>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    char byte = 0;
    auto* const parts = new std::vector<::iovec>{{&byte, 1}};
    if (!ring.push(rondo::op::read{.fd = 0, .into = rondo::iovecs(*parts)}, 1))
        return 1;
    delete parts;
    static_cast<void>(ring.submit());
}
