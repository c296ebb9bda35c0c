// SPDX-License-Identifier: MIT
#pragma once

// Simulations for tests, and how calm they are. One thread.

#include <rondo/engine/simulated.hpp>

#include <cstdint>
#include <utility>

namespace rondo::test {

using testing::chances;
using testing::simulation;
using testing::simulation_options;

inline simulation simulate(simulation_options options = {}) {
    return simulation::create(std::move(options)).or_throw("simulation");
}

/// Nothing goes wrong but what is asked for.
inline simulation_options calm(std::uint64_t seed = 1) {
    return {.seed = seed, .how = chances::calm()};
}

/// As calm(), but for one chance: only(&chances::eio, 1).
inline simulation_options only(double chances::* which, double rate, std::uint64_t seed = 1) {
    simulation_options out = calm(seed);
    out.how.*which = rate;
    return out;
}

} // namespace rondo::test
