// SPDX-License-Identifier: MIT
#pragma once

// Runs a program on both engines, step by step, and compares after each step what came of it, and
// at the end what is left. No outcome hangs on a sleep: a step is over when all that ends by itself
// has ended, and where threads are at work, when all of them sleep; if both differ then, they are
// given time. One thread.

#include "side.hpp"
#include "stillness.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fuzz {

/// What lockstep needs and what stays the same between programs.
struct arena {
    ground kernel, emulated;
    stillness threads;
    distortion wrong;       // of the emulated engine's answers
    bool impatient = false; // of what is known to differ: it is given less time
    std::vector<std::string>* transcript = nullptr; // every step in words goes there
};

/// What differs, in a line; nothing: both agree.
[[nodiscard]] std::optional<std::string> find_difference(arena& in, program const& p);

} // namespace fuzz
