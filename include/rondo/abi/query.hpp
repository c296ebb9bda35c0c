// SPDX-License-Identifier: MIT
#pragma once

// register_op::query: what this kernel has, asked without a ring. Plain data: any thread may use
// it, one at a time per object.

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// What is asked, in query_hdr::query_op; `max` is the number of questions known here.
enum class query_op : std::uint32_t {
    opcodes = 0, // 6.18
    zcrx = 1,    // 6.19
    scq = 2,     // 6.19
    max = 3,
};

/// One question of a chain of them. Linux 6.18.
struct query_hdr {
    std::uint64_t next_entry; // address of the next query_hdr, or 0
    std::uint64_t query_data; // address of the struct that takes the answer
    std::uint32_t query_op;   // query_op
    std::uint32_t size;       // in: bytes at query_data; out: bytes the kernel has
    std::int32_t result;      // out: 0 or -errno
    std::uint32_t resv[3];
};
static_assert(sizeof(query_hdr) == 40 && offsetof(query_hdr, result) == 24);

/// Answer to query_op::opcodes: counts, and masks of everything the kernel accepts. Linux 6.18.
struct query_opcode {
    std::uint32_t nr_request_opcodes;
    std::uint32_t nr_register_opcodes;
    std::uint64_t feature_flags;    // feature
    std::uint64_t ring_setup_flags; // setup
    std::uint64_t enter_flags;      // enter
    std::uint64_t sqe_flags;        // sqe_flag
    std::uint32_t nr_query_opcodes;
    std::uint32_t pad;
};
static_assert(sizeof(query_opcode) == 48 && offsetof(query_opcode, nr_query_opcodes) == 40);

/// Answer to query_op::zcrx. Linux 6.19.
struct query_zcrx {
    std::uint64_t register_flags; // zcrx_reg_flag
    std::uint64_t area_flags;     // zcrx_area_flag
    std::uint32_t nr_ctrl_opcodes;
    std::uint32_t features;         // zcrx_feature; Linux 7.0
    std::uint32_t rq_hdr_size;      // bytes
    std::uint32_t rq_hdr_alignment; // bytes
    std::uint64_t resv2;
};
static_assert(sizeof(query_zcrx) == 40 && offsetof(query_zcrx, rq_hdr_size) == 24);

/// Answer to query_op::scq: what the head of the rings needs in the caller's memory. Linux 6.19.
struct query_scq {
    std::uint64_t hdr_size;      // bytes
    std::uint64_t hdr_alignment; // bytes
};
static_assert(sizeof(query_scq) == 16 && offsetof(query_scq, hdr_alignment) == 8);

} // namespace rondo::abi
