// SPDX-License-Identifier: MIT
// expect: rondo: a ring was used from a second thread
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <thread>
#include <utility>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    if (!ring.push(rondo::op::nop{}, 1) || !ring.submit())
        return 1;
    std::thread([moved = std::move(ring)]() mutable {
        static_cast<void>(moved.submit_and_wait(1));
    }).join();
}
