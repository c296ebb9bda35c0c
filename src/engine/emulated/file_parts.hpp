// SPDX-License-Identifier: MIT
#pragma once

// Parts of the families of files, paths and pipes, each in a file of its own: like the families,
// each knows its opcodes and answers null for all others. Any thread.

#include "families.hpp"

namespace rondo::engine::emulation {

[[nodiscard]] operation const* find_open(abi::opcode code) noexcept;  // opening
[[nodiscard]] operation const* find_xattr(abi::opcode code) noexcept; // extended attributes
[[nodiscard]] operation const* find_pipe(abi::opcode code) noexcept;  // pipe, and epoll

} // namespace rondo::engine::emulation
