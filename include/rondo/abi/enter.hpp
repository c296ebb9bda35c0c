// SPDX-License-Identifier: MIT
#pragma once

// What the enter call takes beside its counts: flags and the two forms of a bounded wait. Plain
// data: any thread may use it, one at a time per object.

#include <rondo/abi/bits.hpp>
#include <rondo/abi/timespec.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// Flags of the enter call: io_uring_enter(2).
enum class enter : std::uint32_t {
    getevents = 1u << 0,       // 5.1
    sq_wakeup = 1u << 1,       // 5.1
    sq_wait = 1u << 2,         // 5.10
    ext_arg = 1u << 3,         // 5.11
    registered_ring = 1u << 4, // 5.18
    abs_timer = 1u << 5,       // 6.12
    ext_arg_reg = 1u << 6,     // 6.13
    no_iowait = 1u << 7,       // 6.15
};

/// Argument of a wait with enter::ext_arg: io_uring_enter(2). Linux 5.11.
struct getevents_arg {
    std::uint64_t sigmask; // address of a sigset_t of the kernel, or 0
    std::uint32_t sigmask_sz;
    std::uint32_t min_wait_usec; // Linux 6.12: feature::min_timeout
    std::uint64_t ts;            // address of a timespec, or 0
};
static_assert(sizeof(getevents_arg) == 24 && offsetof(getevents_arg, ts) == 16);

/// Which fields of a reg_wait count, in reg_wait::flags.
enum class reg_wait_flag : std::uint32_t {
    ts = 1u << 0, // 6.13
};

/// One slot of a registered wait region, used with enter::ext_arg_reg. Linux 6.13.
struct reg_wait {
    timespec ts;
    std::uint32_t min_wait_usec;
    std::uint32_t flags;   // reg_wait_flag
    std::uint64_t sigmask; // address of a sigset_t of the kernel, or 0
    std::uint32_t sigmask_sz;
    std::uint32_t pad[3];
    std::uint64_t pad2[2];
};
static_assert(sizeof(reg_wait) == 64 && offsetof(reg_wait, sigmask) == 24);
static_assert(offsetof(reg_wait, pad2) == 48);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::enter> = true;
template <>
inline constexpr bool is_flags<abi::reg_wait_flag> = true;
} // namespace rondo
