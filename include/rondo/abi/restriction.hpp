// SPDX-License-Identifier: MIT
#pragma once

// What a ring (or a task) may be limited to: io_uring_register(2), restrictions. Plain data: any
// thread may use it, one at a time per object.

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// What one restriction allows or demands, in restriction::opcode.
enum class restriction_op : std::uint16_t {
    register_op = 0,        // 5.10
    sqe_op = 1,             // 5.10
    sqe_flags_allowed = 2,  // 5.10
    sqe_flags_required = 3, // 5.10
    last = 4,
};

/// One entry of register_op::restrictions. Linux 5.10.
struct restriction {
    std::uint16_t opcode; // restriction_op
    union {
        std::uint8_t register_op;
        std::uint8_t sqe_op;
        std::uint8_t sqe_flags;
    };
    std::uint8_t resv;
    std::uint32_t resv2[3];
};
static_assert(sizeof(restriction) == 16 && offsetof(restriction, sqe_op) == 2);
static_assert(offsetof(restriction, resv2) == 4);

/// Head of a task's restrictions; the kernel's flexible array `restrictions` follows it at once.
struct task_restriction {
    std::uint16_t flags;
    std::uint16_t nr_res; // entries that follow
    std::uint32_t resv[3];
};
static_assert(sizeof(task_restriction) == 16 && offsetof(task_restriction, resv) == 4);

/// A task's restrictions with room for Count entries.
template <std::size_t Count>
struct task_restriction_table {
    task_restriction head;
    restriction restrictions[Count];
};
static_assert(offsetof(task_restriction_table<1>, restrictions) == 16);

} // namespace rondo::abi
