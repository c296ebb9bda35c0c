// SPDX-License-Identifier: MIT
#pragma once

// Rings of provided buffers: io_uring_register_buf_ring(3). Plain data; of a registered ring only
// the tail is shared with the kernel, and one thread at a time may add buffers.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// In buf_reg::flags. `mmap`: the kernel allocates the ring and off_pbuf_ring maps it;
/// `inc`: buffers are consumed piece by piece.
enum class buf_ring_flag : std::uint16_t {
    mmap = 1u << 0, // 6.4
    inc = 1u << 1,  // 6.12
};

/// One provided buffer. Linux 5.19.
struct buf {
    std::uint64_t addr;
    std::uint32_t len; // bytes
    std::uint16_t bid; // comes back as buffer_id(cqe)
    std::uint16_t resv;
};
static_assert(sizeof(buf) == 16 && offsetof(buf, bid) == 12);

/// The start of a buffer ring. It lies over entry 0, whose unused last field is the tail: writing
/// an entry must leave `resv` alone. The kernel reads `tail`, and it is stored with release after
/// the entries it publishes. Linux 5.19.
struct buf_ring {
    std::uint64_t resv1;
    std::uint32_t resv2;
    std::uint16_t resv3;
    std::uint16_t tail;
};
static_assert(sizeof(buf_ring) == sizeof(buf) && offsetof(buf_ring, tail) == offsetof(buf, resv));

/// The entries of a ring, from entry 0; there are buf_reg::ring_entries of them.
[[nodiscard]] inline buf* entries(buf_ring* ring) noexcept { return reinterpret_cast<buf*>(ring); }

/// Argument of register_op::pbuf_ring and unregister_pbuf_ring. Linux 5.19.
struct buf_reg {
    std::uint64_t ring_addr;    // page aligned; 0 with buf_ring_flag::mmap
    std::uint32_t ring_entries; // a power of two, below 65536
    std::uint16_t bgid;
    std::uint16_t flags;    // buf_ring_flag
    std::uint32_t min_left; // bytes
    std::uint32_t resv[5];
};
static_assert(sizeof(buf_reg) == 40 && offsetof(buf_reg, min_left) == 16);

/// Argument of register_op::pbuf_status: where the kernel takes the group's next buffer. Linux 6.8.
struct buf_status {
    std::uint32_t buf_group; // in
    std::uint32_t head;      // out
    std::uint32_t resv[8];
};
static_assert(sizeof(buf_status) == 40 && offsetof(buf_status, head) == 4);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::buf_ring_flag> = true;
} // namespace rondo
