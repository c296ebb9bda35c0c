// SPDX-License-Identifier: MIT
// expect: rondo: a simulation was used from a second thread
#include <rondo/engine/simulated.hpp>
#include <rondo/ring/ring.hpp>

#include <thread>

int main() {
    auto s = rondo::testing::simulation::create({.seed = 1}).or_throw("simulation");
    std::thread([&s] {
        static_cast<void>(rondo::ring::create({.entries = 8, .backend = &s.backend()}));
    }).join();
}
