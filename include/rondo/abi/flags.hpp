// SPDX-License-Identifier: MIT
#pragma once

// Flags and sub-commands of single operations, each named with the SQE field it goes into; those of
// sockets are in socket.hpp. The number behind each is the first Linux version that has it.
// Constants only: any thread may use them.

#include <rondo/abi/bits.hpp>

#include <cstdint>

namespace rondo::abi {

/// In sqe::file_index: the kernel picks a free registered slot and answers it. Linux 5.19.
inline constexpr std::uint32_t file_index_alloc = ~std::uint32_t{0};

/// Kinds of attribute sqe::attr_ptr points at, in sqe::attr_type_mask.
enum class rw_attr_flag : std::uint64_t {
    pi = std::uint64_t{1} << 0, // 6.14
};

/// In sqe::uring_cmd_flags; `mask` is every bit a caller may set.
enum class uring_cmd_flag : std::uint32_t {
    fixed = 1u << 0, // 6.1
    mask = fixed,    // 6.1
};

/// In sqe::fsync_flags; `datasync` makes it fdatasync(2).
enum class fsync_flag : std::uint32_t {
    datasync = 1u << 0, // 5.1
};

/// In sqe::timeout_flags, of timeouts, link timeouts and their updates: io_uring_enter(2).
/// Without a clock bit the clock is CLOCK_MONOTONIC.
enum class timeout_flag : std::uint32_t {
    abs = 1u << 0,                              // 5.5
    update = 1u << 1,                           // 5.11
    boottime = 1u << 2,                         // 5.15
    realtime = 1u << 3,                         // 5.15
    link_timeout_update = 1u << 4,              // 5.15
    etime_success = 1u << 5,                    // 5.16
    multishot = 1u << 6,                        // 6.4
    immediate_arg = 1u << 7,                    // 7.1
    clock_mask = boottime | realtime,           // 5.15
    update_mask = update | link_timeout_update, // 5.15
};

/// In sqe::splice_flags, beside the SPLICE_F_ flags of splice(2).
enum class splice_flag : std::uint32_t {
    fd_in_fixed = 1u << 31, // 5.7
};

/// In sqe::len of poll_add and poll_remove: io_uring_enter(2).
enum class poll_flag : std::uint32_t {
    add_multi = 1u << 0,        // 5.13
    update_events = 1u << 1,    // 5.13
    update_user_data = 1u << 2, // 5.13
    add_level = 1u << 3,        // 6.0
};

/// What a cancel looks for, in sqe::cancel_flags and sync_cancel_reg::flags.
enum class cancel_flag : std::uint32_t {
    all = 1u << 0,      // 5.19
    fd = 1u << 1,       // 5.19
    any = 1u << 2,      // 5.19
    fd_fixed = 1u << 3, // 6.0
    userdata = 1u << 4, // 6.6
    op = 1u << 5,       // 6.6
};

/// In sqe::msg_ring_flags.
enum class msg_ring_flag : std::uint32_t {
    cqe_skip = 1u << 0,   // 6.0
    flags_pass = 1u << 1, // 6.3
};

/// What a message to another ring carries, in sqe::addr.
enum class msg_ring_command : std::uint64_t {
    data = 0,    // 5.18
    send_fd = 1, // 6.0
};

/// In sqe::install_fd_flags.
enum class install_fd_flag : std::uint32_t {
    no_cloexec = 1u << 0, // 6.8
};

/// In sqe::nop_flags; `inject_result` answers sqe::len as the result, `file` and `fixed_buffer`
/// look those up, `tw` completes through task work.
enum class nop_flag : std::uint32_t {
    inject_result = 1u << 0, // 6.10
    file = 1u << 1,          // 6.13
    fixed_file = 1u << 2,    // 6.13
    fixed_buffer = 1u << 3,  // 6.13
    tw = 1u << 4,            // 6.16
    cqe32 = 1u << 5,         // 6.18
};

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::rw_attr_flag> = true;
template <>
inline constexpr bool is_flags<abi::uring_cmd_flag> = true;
template <>
inline constexpr bool is_flags<abi::fsync_flag> = true;
template <>
inline constexpr bool is_flags<abi::timeout_flag> = true;
template <>
inline constexpr bool is_flags<abi::splice_flag> = true;
template <>
inline constexpr bool is_flags<abi::poll_flag> = true;
template <>
inline constexpr bool is_flags<abi::cancel_flag> = true;
template <>
inline constexpr bool is_flags<abi::msg_ring_flag> = true;
template <>
inline constexpr bool is_flags<abi::install_fd_flag> = true;
template <>
inline constexpr bool is_flags<abi::nop_flag> = true;
} // namespace rondo
