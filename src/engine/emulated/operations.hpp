// SPDX-License-Identifier: MIT
#pragma once

// The operation behind an opcode. Any thread.

#include "request.hpp"

#include <rondo/abi/opcode.hpp>

namespace rondo::engine::emulation {

/// Null: the engine does not have it.
[[nodiscard]] operation const* find_operation(abi::opcode code) noexcept;

} // namespace rondo::engine::emulation
