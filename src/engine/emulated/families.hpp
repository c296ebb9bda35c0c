// SPDX-License-Identifier: MIT
#pragma once

// Which operations there are: each family knows its own opcodes and answers null for all others.

#include "request.hpp"

#include <rondo/abi/opcode.hpp>

namespace rondo::engine::emulation {

[[nodiscard]] operation const* find_control(abi::opcode code) noexcept; // of the ring itself
[[nodiscard]] operation const* find_time(abi::opcode code) noexcept;    // timeouts
[[nodiscard]] operation const* find_poll(abi::opcode code) noexcept;    // readiness
[[nodiscard]] operation const* find_ring_message(abi::opcode code) noexcept;
[[nodiscard]] operation const* find_transfer(abi::opcode code) noexcept; // read and write
[[nodiscard]] operation const* find_file(abi::opcode code) noexcept;     // open, sync, ...
[[nodiscard]] operation const* find_path(abi::opcode code) noexcept;     // names and attributes
[[nodiscard]] operation const* find_splice(abi::opcode code) noexcept;   // splice, tee, pipe, epoll
[[nodiscard]] operation const* find_socket(abi::opcode code) noexcept;   // socket to shutdown
[[nodiscard]] operation const* find_message(abi::opcode code) noexcept;  // send and receive
[[nodiscard]] operation const* find_wait(abi::opcode code) noexcept;     // futexes and children

} // namespace rondo::engine::emulation
