// SPDX-License-Identifier: MIT
// expect: us  operation 1 \(read on pipe [0-9]+\) is taken
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
