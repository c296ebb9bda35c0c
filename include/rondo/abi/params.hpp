// SPDX-License-Identifier: MIT
#pragma once

// What the setup call takes and answers, and where the two rings lie in their mappings:
// io_uring_setup(2). Plain data: any thread may use it, one at a time per object; the ring words
// behind the offsets are shared with the kernel and are read and written by the ring layer only.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// How a ring is made, in params::flags: io_uring_setup(2).
enum class setup : std::uint32_t {
    iopoll = 1u << 0,              // 5.1
    sqpoll = 1u << 1,              // 5.1
    sq_aff = 1u << 2,              // 5.1
    cqsize = 1u << 3,              // 5.5
    clamp = 1u << 4,               // 5.6
    attach_wq = 1u << 5,           // 5.6
    r_disabled = 1u << 6,          // 5.10
    submit_all = 1u << 7,          // 5.18
    coop_taskrun = 1u << 8,        // 5.19
    taskrun_flag = 1u << 9,        // 5.19
    sqe128 = 1u << 10,             // 5.19
    cqe32 = 1u << 11,              // 5.19
    single_issuer = 1u << 12,      // 6.0
    defer_taskrun = 1u << 13,      // 6.1
    no_mmap = 1u << 14,            // 6.5
    registered_fd_only = 1u << 15, // 6.5
    no_sqarray = 1u << 16,         // 6.6
    hybrid_iopoll = 1u << 17,      // 6.13
    cqe_mixed = 1u << 18,          // 6.18
    sqe_mixed = 1u << 19,          // 6.19
    sq_rewind = 1u << 20,          // 7.0
};

/// What the kernel says it does, in params::features: io_uring_setup(2).
enum class feature : std::uint32_t {
    single_mmap = 1u << 0,      // 5.4
    nodrop = 1u << 1,           // 5.5
    submit_stable = 1u << 2,    // 5.5
    rw_cur_pos = 1u << 3,       // 5.6
    cur_personality = 1u << 4,  // 5.6
    fast_poll = 1u << 5,        // 5.7
    poll_32bits = 1u << 6,      // 5.9
    sqpoll_nonfixed = 1u << 7,  // 5.11
    ext_arg = 1u << 8,          // 5.11
    native_workers = 1u << 9,   // 5.12
    rsrc_tags = 1u << 10,       // 5.13
    cqe_skip = 1u << 11,        // 5.17
    linked_file = 1u << 12,     // 5.17
    reg_reg_ring = 1u << 13,    // 6.3
    recvsend_bundle = 1u << 14, // 6.10
    min_timeout = 1u << 15,     // 6.12
    rw_attr = 1u << 16,         // 6.14
    no_iowait = 1u << 17,       // 6.15
};

/// What the kernel tells the submitter, in the word at sq_ring_offsets::flags.
enum class sq_ring_flag : std::uint32_t {
    need_wakeup = 1u << 0, // 5.1
    cq_overflow = 1u << 1, // 5.8
    taskrun = 1u << 2,     // 5.19
};

/// What the reaper tells the kernel, in the word at cq_ring_offsets::flags.
enum class cq_ring_flag : std::uint32_t {
    eventfd_disabled = 1u << 0, // 5.8
};

/// The largest submission queue: a set-up for more is refused, or with setup::clamp granted this
/// many. io_uring_setup(2) calls it IORING_MAX_ENTRIES.
inline constexpr std::uint32_t most_sq_entries = 32768;

/// The largest completion queue, asked for with setup::cqsize, in the same way. io_uring_setup(2)
/// calls it IORING_MAX_CQ_ENTRIES. Linux 5.5.
inline constexpr std::uint32_t most_cq_entries = 2 * most_sq_entries;

/// File offset at which mmap(2) on the ring gives the submission ring (and, with
/// feature::single_mmap, the completion ring as well). Linux 5.1.
inline constexpr std::uint64_t off_sq_ring = 0;

/// File offset of the completion ring. Linux 5.1.
inline constexpr std::uint64_t off_cq_ring = 0x8000000;

/// File offset of the array of SQEs. Linux 5.1.
inline constexpr std::uint64_t off_sqes = 0x10000000;

/// File offset of the buffer ring of group 0; group g is at this | g << off_pbuf_shift. Linux 6.4.
inline constexpr std::uint64_t off_pbuf_ring = 0x80000000;

/// See off_pbuf_ring. Linux 6.4.
inline constexpr unsigned off_pbuf_shift = 16;

/// The bits of a file offset that say which kind of mapping is meant. Linux 6.4.
inline constexpr std::uint64_t off_mmap_mask = 0xf8000000;

/// Where the words of the submission ring lie, in bytes from the start of its mapping.
struct sq_ring_offsets {
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t ring_mask;
    std::uint32_t ring_entries;
    std::uint32_t flags; // sq_ring_flag
    std::uint32_t dropped;
    std::uint32_t array; // indices into the SQEs; none with setup::no_sqarray
    std::uint32_t resv1;
    std::uint64_t user_addr; // in: the caller's memory for the SQEs, with setup::no_mmap
};
static_assert(sizeof(sq_ring_offsets) == 40 && offsetof(sq_ring_offsets, user_addr) == 32);

/// Where the words and entries of the completion ring lie, in bytes from the start of its mapping.
struct cq_ring_offsets {
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t ring_mask;
    std::uint32_t ring_entries;
    std::uint32_t overflow;
    std::uint32_t cqes;
    std::uint32_t flags; // cq_ring_flag
    std::uint32_t resv1;
    std::uint64_t user_addr; // in: the caller's memory for both rings, with setup::no_mmap
};
static_assert(sizeof(cq_ring_offsets) == 40 && offsetof(cq_ring_offsets, user_addr) == 32);

/// In and out of the setup call: io_uring_setup(2). Unused fields must be zero.
struct params {
    std::uint32_t sq_entries;     // out: the power of two that was granted
    std::uint32_t cq_entries;     // out; in with setup::cqsize
    std::uint32_t flags;          // setup
    std::uint32_t sq_thread_cpu;  // in, with setup::sq_aff
    std::uint32_t sq_thread_idle; // in, milliseconds, with setup::sqpoll; 0: one second
    std::uint32_t features;       // out: feature
    std::uint32_t wq_fd;          // in, with setup::attach_wq
    std::uint32_t resv[3];
    sq_ring_offsets sq_off; // out
    cq_ring_offsets cq_off; // out
};
static_assert(sizeof(params) == 120 && offsetof(params, features) == 20);
static_assert(offsetof(params, sq_off) == 40 && offsetof(params, cq_off) == 80);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::setup> = true;
template <>
inline constexpr bool is_flags<abi::feature> = true;
template <>
inline constexpr bool is_flags<abi::sq_ring_flag> = true;
template <>
inline constexpr bool is_flags<abi::cq_ring_flag> = true;
} // namespace rondo
