// SPDX-License-Identifier: MIT
// expect: use-after-poison
// sanitizer: address
#include <rondo/op/read.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstdlib>
#include <unistd.h>

int main() {
    int ends[2];
    if (::pipe(ends) != 0)
        return 1;
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    static char buffer[64];
    auto const later =
        shared.submit(rondo::op::read{.fd = ends[0], .into = buffer}).or_throw("submit");
    buffer[std::strtol("5", nullptr, 10)] = 'x';
    static_cast<void>(shared.wait(later));
}
