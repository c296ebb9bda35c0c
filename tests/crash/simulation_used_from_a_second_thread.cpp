// SPDX-License-Identifier: MIT
// expect: rondo: a simulation was used from a second thread
#include <rondo/engine/simulated.hpp>

#include <thread>

int main() {
    auto s = rondo::testing::simulation::create({.seed = 1}).or_throw("simulation");
    std::thread([&s] { static_cast<void>(s.pipe()); }).join();
}
