// SPDX-License-Identifier: MIT
#pragma once

// Smaller programs that differ as well. One thread.

#include "lockstep.hpp"

namespace fuzz {

/// `p`, which `hangs` or does not, without what can be left out: the engines still differ.
[[nodiscard]] program shrink(arena& in, program p, bool hangs);

} // namespace fuzz
