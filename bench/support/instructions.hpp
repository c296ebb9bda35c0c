// SPDX-License-Identifier: MIT
#pragma once

// Counting user-space instructions: the one measure that other work on the machine cannot disturb.
// One thread.

#include "program.hpp"

#include <string>

namespace bench {

/// User-space instructions per operation of one side. This program is run again by callgrind with
/// --count and the file `data`, if any. What is common to runs of different length, such as
/// start-up, cancels out.
struct instruction_count {
    double per_operation;
    double spread; ///< between parts of the run: 0 when every round costs the same
};
[[nodiscard]] instruction_count count_instructions(std::string const& side, unsigned batch,
                                                   std::string const& data);

} // namespace bench
