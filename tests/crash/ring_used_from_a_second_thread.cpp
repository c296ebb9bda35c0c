// SPDX-License-Identifier: MIT
// expect: rondo: a ring was used from a second thread
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <thread>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    ring.run(rondo::op::nop{}).or_throw("nop");
    std::thread([&ring] {
        if (ring.push(rondo::op::nop{}, 1))
            static_cast<void>(ring.submit());
    }).join();
}
