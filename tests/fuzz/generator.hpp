// SPDX-License-Identifier: MIT
#pragma once

// Programs from seeds. Any thread.

#include "program.hpp"

namespace fuzz {

/// The program of that seed, of about so many requests and deeds.
[[nodiscard]] program make_program(std::uint64_t seed, std::uint32_t operations);

} // namespace fuzz
