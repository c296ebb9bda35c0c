// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>

#include <cstdlib>

namespace rondo::test {

bool is_emulated() {
    static bool const answer =
        ring::create({.entries = 1}).or_throw("ring").features().engine == engine::emulated;
    return answer;
}

bool is_simulated() { return std::getenv("RONDO_TEST_SIMULATED") != nullptr; }

engine::backend& this_engine() {
    return is_emulated() ? engine::emulated_backend() : engine::kernel_backend();
}

} // namespace rondo::test
