// SPDX-License-Identifier: MIT
#pragma once

// The answer of register_op::probe: which opcodes this kernel knows. Plain data: any thread may use
// it, one at a time per object.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// In probe_op::flags.
enum class probe_op_flag : std::uint16_t {
    supported = 1u << 0, // 5.6
};

/// One opcode of the answer. Linux 5.6.
struct probe_op {
    std::uint8_t op; // opcode
    std::uint8_t resv;
    std::uint16_t flags; // probe_op_flag
    std::uint32_t resv2;
};
static_assert(sizeof(probe_op) == 8 && offsetof(probe_op, flags) == 2);

/// Head of the answer; the kernel's flexible array `ops` follows it at once. Linux 5.6.
struct probe {
    std::uint8_t last_op; // highest opcode the kernel knows
    std::uint8_t ops_len; // entries the kernel wrote
    std::uint16_t resv;
    std::uint32_t resv2[3];
};
static_assert(sizeof(probe) == 16 && offsetof(probe, resv2) == 4);

/// Room for the whole answer: 256 is the most entries the call accepts. Must be zero when passed.
struct probe_table {
    probe head;
    probe_op ops[256];
};
static_assert(sizeof(probe_table) == 16 + 256 * 8 && offsetof(probe_table, ops) == 16);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::probe_op_flag> = true;
} // namespace rondo
