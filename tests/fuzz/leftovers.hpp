// SPDX-License-Identifier: MIT
#pragma once

// What a program leaves behind: the effects, beside the completions, in which two runs are to be
// equal. One thread.

#include "side.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fuzz {

/// What is in pipes, sockets, files, the directory, slots and groups: a line for each. Reads the
/// pipes and sockets empty.
[[nodiscard]] std::vector<std::string> leftovers(side& of, program const& p);

/// Where the memory of the two runs differs, in words.
[[nodiscard]] std::optional<std::string> differing_memory(side& a, side& b, program const& p);

/// Descriptors of this process.
[[nodiscard]] long open_descriptors();

/// Makes `path` an empty directory.
void clear_directory(std::string const& path);

} // namespace fuzz
