// SPDX-License-Identifier: MIT
// expect: use-after-poison|op::read was pushed with memory
// sanitizer: address
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <chrono>
#include <thread>
#include <unistd.h>

int main() {
    int ends[2];
    if (::pipe(ends) != 0)
        return 1;
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    std::array<char, 64> memory{};
    std::thread meddler([&memory] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        memory[0] = 1;
    });
    ring.run(rondo::op::read{.fd = ends[0], .into = memory}).or_throw("read");
    meddler.join();
}
