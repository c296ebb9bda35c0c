// SPDX-License-Identifier: MIT
// expect: rondo: a ring was destroyed on another thread than its own with operations in flight
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <optional>
#include <thread>
#include <unistd.h>

int main() {
    int ends[2];
    if (::pipe(ends) != 0)
        return 1;
    std::array<std::byte, 8> memory;
    std::optional<rondo::ring> ring(rondo::ring::create({.entries = 8}).or_throw("ring"));
    if (!ring->push(rondo::op::read{.fd = ends[0], .into = memory}, 1) || !ring->submit())
        return 1;
    std::thread([&ring] { ring.reset(); }).join();
}
