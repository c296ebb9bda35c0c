// SPDX-License-Identifier: MIT
#pragma once

// Flags of the socket operations and the header that a multishot recvmsg puts before each message.
// Plain data: any thread may use it, one at a time per object.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// Of every send and receive, in sqe::ioprio: io_uring_enter(2).
enum class recvsend_flag : std::uint16_t {
    poll_first = 1u << 0,           // 5.19
    recv_multishot = 1u << 1,       // 6.0
    fixed_buf = 1u << 2,            // 6.0
    send_zc_report_usage = 1u << 3, // 6.2
    bundle = 1u << 4,               // 6.10
    send_vectorized = 1u << 5,      // 6.17
};

/// Of accept, in sqe::ioprio: io_uring_enter(2).
enum class accept_flag : std::uint16_t {
    multishot = 1u << 0,  // 5.19
    dontwait = 1u << 1,   // 6.10
    poll_first = 1u << 2, // 6.10
};

/// In sqe::cmd_op of a uring_cmd on a socket.
enum class socket_command : std::uint32_t {
    siocinq = 0,      // 6.7
    siocoutq = 1,     // 6.7
    getsockopt = 2,   // 6.7
    setsockopt = 3,   // 6.7
    tx_timestamp = 4, // 6.17
    getsockname = 5,  // 6.19
};

/// In cqe::res of a zero-copy notification whose send asked for send_zc_report_usage: the kernel
/// copied the bytes after all. Linux 6.2.
inline constexpr std::uint32_t notif_usage_zc_copied = 1u << 31;

/// First bytes of each buffer filled by a multishot recvmsg; the name, the control data and the
/// payload follow, at the sizes the msghdr reserved. Sizes in bytes. Linux 6.0.
struct recvmsg_out {
    std::uint32_t namelen;
    std::uint32_t controllen;
    std::uint32_t payloadlen;
    std::uint32_t flags; // MSG_TRUNC, MSG_CTRUNC: recvmsg(2)
};
static_assert(sizeof(recvmsg_out) == 16 && offsetof(recvmsg_out, flags) == 12);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::recvsend_flag> = true;
template <>
inline constexpr bool is_flags<abi::accept_flag> = true;
} // namespace rondo
