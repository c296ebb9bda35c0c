// SPDX-License-Identifier: MIT
#pragma once

// The register call's operations and the arguments of those that have no header of their own
// (buffer_ring.hpp, region.hpp, probe.hpp, restriction.hpp, query.hpp, zcrx.hpp, bpf.hpp). Plain
// data: any thread may use it, one at a time per object. Reserved fields must be zero.

#include <rondo/abi/bits.hpp>
#include <rondo/abi/timespec.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// What the register call is asked for: io_uring_register(2). `last` is the number of operations
/// known here. `use_registered_ring` is no operation: it is or-ed, by raw(), to one when the ring
/// is named by its registered index.
enum class register_op : std::uint32_t {
    buffers = 0,                 // 5.1
    unregister_buffers = 1,      // 5.1
    files = 2,                   // 5.1
    unregister_files = 3,        // 5.1
    eventfd = 4,                 // 5.2
    unregister_eventfd = 5,      // 5.2
    files_update = 6,            // 5.5
    eventfd_async = 7,           // 5.6
    probe = 8,                   // 5.6
    personality = 9,             // 5.6
    unregister_personality = 10, // 5.6
    restrictions = 11,           // 5.10
    enable_rings = 12,           // 5.10
    files2 = 13,                 // 5.13
    files_update2 = 14,          // 5.13
    buffers2 = 15,               // 5.13
    buffers_update = 16,         // 5.13
    iowq_aff = 17,               // 5.14
    unregister_iowq_aff = 18,    // 5.14
    iowq_max_workers = 19,       // 5.15
    ring_fds = 20,               // 5.18
    unregister_ring_fds = 21,    // 5.18
    pbuf_ring = 22,              // 5.19
    unregister_pbuf_ring = 23,   // 5.19
    sync_cancel = 24,            // 6.0
    file_alloc_range = 25,       // 6.0
    pbuf_status = 26,            // 6.8
    napi = 27,                   // 6.9
    unregister_napi = 28,        // 6.9
    clock = 29,                  // 6.12
    clone_buffers = 30,          // 6.12
    send_msg_ring = 31,          // 6.13
    zcrx_ifq = 32,               // 6.15
    resize_rings = 33,           // 6.13
    mem_region = 34,             // 6.13
    query = 35,                  // 6.18
    zcrx_ctrl = 36,              // 6.19
    bpf_filter = 37,             // 7.0
    last = 38,
    use_registered_ring = 1u << 31, // 6.3
};

/// In rsrc_register::flags; `sparse` makes empty slots and needs no data.
enum class rsrc_register_flag : std::uint32_t {
    sparse = 1u << 0, // 5.19
};

/// A descriptor of an update that leaves its slot as it is. Linux 5.12.
inline constexpr std::int32_t register_files_skip = -2;

/// Argument of register_op::files_update. Linux 5.5.
struct files_update {
    std::uint32_t offset; // first slot
    std::uint32_t resv;
    std::uint64_t fds; // address of int32_t descriptors; -1 empties a slot
};
static_assert(sizeof(files_update) == 16 && offsetof(files_update, fds) == 8);

/// Argument of register_op::files2 and buffers2. Linux 5.13.
struct rsrc_register {
    std::uint32_t nr;
    std::uint32_t flags; // rsrc_register_flag
    std::uint64_t resv2;
    std::uint64_t data; // address of nr descriptors or iovecs
    std::uint64_t tags; // address of nr uint64_t, or 0
};
static_assert(sizeof(rsrc_register) == 32 && offsetof(rsrc_register, tags) == 24);

/// One entry of ring_fds and unregister_ring_fds: `offset` is the index in the thread's table (~0:
/// the kernel chooses) and `data` the ring's descriptor. Linux 5.18.
struct rsrc_update {
    std::uint32_t offset;
    std::uint32_t resv;
    std::uint64_t data;
};
static_assert(sizeof(rsrc_update) == 16 && offsetof(rsrc_update, data) == 8);

/// Argument of register_op::files_update2 and buffers_update. Linux 5.13.
struct rsrc_update2 {
    std::uint32_t offset; // first slot
    std::uint32_t resv;
    std::uint64_t data; // address of nr descriptors or iovecs
    std::uint64_t tags; // address of nr uint64_t, or 0
    std::uint32_t nr;
    std::uint32_t resv2;
};
static_assert(sizeof(rsrc_update2) == 32 && offsetof(rsrc_update2, nr) == 24);

/// Argument of register_op::file_alloc_range: the slots that file_index_alloc draws from.
/// Linux 6.0.
struct file_index_range {
    std::uint32_t off;
    std::uint32_t len;
    std::uint64_t resv;
};
static_assert(sizeof(file_index_range) == 16 && offsetof(file_index_range, resv) == 8);

/// Argument of register_op::clock: the clock of the ring's waits, CLOCK_MONOTONIC or
/// CLOCK_BOOTTIME. Linux 6.12.
struct clock_register {
    std::uint32_t clockid;
    std::uint32_t resv[3];
};
static_assert(sizeof(clock_register) == 16);

/// In clone_buffers::flags.
enum class clone_buffers_flag : std::uint32_t {
    src_registered = 1u << 0, // 6.12
    dst_replace = 1u << 1,    // 6.13
};

/// Argument of register_op::clone_buffers: share another ring's registered buffers. Linux 6.12;
/// ranges 6.13.
struct clone_buffers {
    std::uint32_t src_fd;
    std::uint32_t flags; // clone_buffers_flag
    std::uint32_t src_off;
    std::uint32_t dst_off;
    std::uint32_t nr; // 0: all
    std::uint32_t pad[3];
};
static_assert(sizeof(clone_buffers) == 32 && offsetof(clone_buffers, nr) == 16);

/// Argument of register_op::napi and unregister_napi; answers the former setting. Linux 6.9.
struct napi {
    std::uint32_t busy_poll_to; // microseconds
    std::uint8_t prefer_busy_poll;
    std::uint8_t pad[3];
    std::uint64_t resv;
};
static_assert(sizeof(napi) == 16 && offsetof(napi, resv) == 8);

/// Argument of register_op::sync_cancel. Linux 6.0; by opcode 6.6.
struct sync_cancel_reg {
    std::uint64_t addr; // user_data looked for
    std::int32_t fd;
    std::uint32_t flags; // cancel_flag
    timespec timeout;    // relative; both fields -1: for ever
    std::uint8_t opcode; // with cancel_flag::op
    std::uint8_t pad[7];
    std::uint64_t pad2[3];
};
static_assert(sizeof(sync_cancel_reg) == 64 && offsetof(sync_cancel_reg, timeout) == 16);
static_assert(offsetof(sync_cancel_reg, opcode) == 32 && offsetof(sync_cancel_reg, pad2) == 40);

/// Kinds of kernel worker, indices of the pair given to iowq_max_workers.
enum class io_wq : std::uint32_t {
    bound = 0,   // 5.15
    unbound = 1, // 5.15
};

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::rsrc_register_flag> = true;
template <>
inline constexpr bool is_flags<abi::clone_buffers_flag> = true;
} // namespace rondo
