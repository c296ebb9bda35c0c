// SPDX-License-Identifier: MIT
// expect: rondo: a simulation ended before its rings
#include <rondo/engine/simulated.hpp>
#include <rondo/ring/ring.hpp>

#include <optional>

int main() {
    std::optional s(rondo::testing::simulation::create({.seed = 1}).or_throw("simulation"));
    auto ring = rondo::ring::create({.entries = 8, .backend = &s->backend()}).or_throw("ring");
    s.reset();
}
