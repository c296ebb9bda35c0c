// SPDX-License-Identifier: MIT
#pragma once

// The completion queue entry as the kernel writes it. Plain data: an entry in the ring is the
// kernel's until the tail shows it and again once the head has passed it; a copy is the copier's.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// What a completion says beside its result, in cqe::flags: io_uring_enter(2). `cqe32` is the
/// kernel's F_32: this entry of a mixed ring takes two slots. `tstamp_hw` belongs to the transmit
/// timestamps of a socket only; in any other completion that bit is part of the buffer id.
enum class cqe_flag : std::uint32_t {
    buffer = 1u << 0,        // 5.7
    more = 1u << 1,          // 5.13
    sock_nonempty = 1u << 2, // 5.19
    notif = 1u << 3,         // 6.0
    buf_more = 1u << 4,      // 6.12
    skip = 1u << 5,          // 6.18
    cqe32 = 1u << 15,        // 6.18
    tstamp_hw = 1u << 16,    // 6.17
};

/// cqe::flags shifted right by this many bits is the id of the buffer the kernel chose. Linux 5.7.
inline constexpr unsigned cqe_buffer_shift = 16;

/// Bit of cqe::flags that says whether a transmit timestamp is the hardware's. Linux 6.17.
inline constexpr unsigned timestamp_hw_shift = 16;

/// First bit of cqe::flags that holds the type of a transmit timestamp. Linux 6.17.
inline constexpr unsigned timestamp_type_shift = timestamp_hw_shift + 1;

/// One completion, 16 bytes: io_uring_enter(2).
struct cqe {
    std::uint64_t user_data; // of the request's sqe
    std::int32_t res;        // the value, or -errno
    std::uint32_t flags;     // cqe_flag, and the buffer id in the upper half
};
static_assert(sizeof(cqe) == 16 && offsetof(cqe, res) == 8 && offsetof(cqe, flags) == 12);

/// A completion of a ring made with setup::cqe32 (Linux 5.19), or one marked cqe_flag::cqe32 in a
/// ring made with setup::cqe_mixed (6.18).
struct cqe32 {
    cqe head;
    std::uint64_t extra[2]; // the operation's own, e.g. a zcrx_cqe
};
static_assert(sizeof(cqe32) == 32 && offsetof(cqe32, extra) == 16);

/// True if `entry` carries all of `flags`.
[[nodiscard]] constexpr bool has(cqe const& entry, cqe_flag flags) noexcept {
    return (entry.flags & raw(flags)) == raw(flags);
}

/// True if further completions of the same request follow; false in its last one. Linux 5.13.
[[nodiscard]] constexpr bool more(cqe const& entry) noexcept { return has(entry, cqe_flag::more); }

/// Id of the provided buffer the kernel used; meaningful only with cqe_flag::buffer. Linux 5.7.
[[nodiscard]] constexpr std::uint16_t buffer_id(cqe const& entry) noexcept {
    return static_cast<std::uint16_t>(entry.flags >> cqe_buffer_shift);
}

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::cqe_flag> = true;
} // namespace rondo
