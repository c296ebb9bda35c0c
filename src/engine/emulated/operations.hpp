// SPDX-License-Identifier: MIT
#pragma once

// The operation behind an opcode. Any thread.

#include "request.hpp"

#include <rondo/abi/opcode.hpp>

namespace rondo::engine::emulation {

/// Null: the engine does not have it.
[[nodiscard]] operation const* find_operation(abi::opcode code) noexcept;
/// The same as a question, for the probe.
[[nodiscard]] bool has_operation(std::uint8_t code) noexcept;

} // namespace rondo::engine::emulation
