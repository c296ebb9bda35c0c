// SPDX-License-Identifier: MIT
// expect: simulation with seed 7: a ring waits for what will never happen: nothing is scheduled
#include <rondo/engine/simulated.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

int main() {
    auto s = rondo::testing::simulation::create({.seed = 7}).or_throw("simulation");
    auto ring = rondo::ring::create({.entries = 8, .backend = &s.backend()}).or_throw("ring");
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    static_cast<void>(ring.run(rondo::op::read{.fd = pipe.first, .into = into}));
}
