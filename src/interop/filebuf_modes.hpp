// SPDX-License-Identifier: MIT
#pragma once

// The open modes of the standard as flags of open(2). Any thread.

#include <ios>
#include <optional>

namespace rondo {

/// The flags for `mode`; nothing for combinations that the standard's table does not have.
[[nodiscard]] std::optional<int> flags_of(std::ios_base::openmode mode) noexcept;

} // namespace rondo
