// SPDX-License-Identifier: MIT
#pragma once

// The names of the kernel interface and the Linux version each appeared in, for messages and for
// the probe tool. Constant tables: any thread may use them at any time.

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/registration.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace rondo::abi {

/// One constant. The texts live as long as the program.
struct entry {
    std::string_view name;   // ours, e.g. "read_fixed"
    std::string_view kernel; // the kernel's, e.g. "IORING_OP_READ_FIXED"
    std::string_view since;  // first Linux version that has it, e.g. "5.1"
    std::uint64_t value;
};

/// Every opcode, at the index of its value; without `last`.
[[nodiscard]] std::span<entry const> opcodes() noexcept;

/// Every flag of `setup`, lowest bit first.
[[nodiscard]] std::span<entry const> setup_flags() noexcept;

/// Every flag of `feature`, lowest bit first.
[[nodiscard]] std::span<entry const> features() noexcept;

/// Every flag of `enter`, lowest bit first.
[[nodiscard]] std::span<entry const> enter_flags() noexcept;

/// Every flag of `sqe_flag`, lowest bit first.
[[nodiscard]] std::span<entry const> sqe_flags() noexcept;

/// Every register operation, at the index of its value; without `last` and `use_registered_ring`.
[[nodiscard]] std::span<entry const> register_ops() noexcept;

/// Our name of an opcode; "unknown" for a value that is not in the table.
[[nodiscard]] std::string_view name_of(opcode op) noexcept;

/// Our name of a register operation, with or without use_registered_ring; "unknown" as above.
[[nodiscard]] std::string_view name_of(register_op op) noexcept;

} // namespace rondo::abi
