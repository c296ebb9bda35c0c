// SPDX-License-Identifier: MIT
#pragma once

// Memory regions that a ring and its user share: io_uring_register_region(3). Plain data: any
// thread may use it, one at a time per object.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// In region_desc::flags; `type_user`: the memory is the caller's, at user_addr.
enum class region_flag : std::uint32_t {
    type_user = 1u << 0, // 6.13
};

/// A region: the caller's memory, or the kernel's to be mapped at mmap_offset. Linux 6.13.
struct region_desc {
    std::uint64_t user_addr;
    std::uint64_t size;  // bytes, whole pages
    std::uint32_t flags; // region_flag
    std::uint32_t id;
    std::uint64_t mmap_offset; // out
    std::uint64_t resv[4];
};
static_assert(sizeof(region_desc) == 64 && offsetof(region_desc, mmap_offset) == 24);

/// In mem_region_reg::flags; `reg_wait_arg`: the region holds reg_wait entries.
enum class mem_region_flag : std::uint64_t {
    reg_wait_arg = std::uint64_t{1} << 0, // 6.13
};

/// Argument of register_op::mem_region. Linux 6.13; as a wait region only on a disabled ring.
struct mem_region_reg {
    std::uint64_t region_uptr; // address of a region_desc
    std::uint64_t flags;       // mem_region_flag
    std::uint64_t resv[2];
};
static_assert(sizeof(mem_region_reg) == 32 && offsetof(mem_region_reg, resv) == 16);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::region_flag> = true;
template <>
inline constexpr bool is_flags<abi::mem_region_flag> = true;
} // namespace rondo
