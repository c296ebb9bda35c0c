// SPDX-License-Identifier: MIT
#pragma once

// Zero-copy receive: the network card writes into memory that the ring's user registered. Plain
// data; the refill ring behind zcrx_offsets is shared with the kernel.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// In zcrx_area_reg::flags; `dmabuf`: the area is the buffer named by dmabuf_fd.
enum class zcrx_area_flag : std::uint32_t {
    dmabuf = 1u << 0, // 6.16
};

/// In zcrx_ifq_reg::flags.
enum class zcrx_reg_flag : std::uint32_t {
    import = 1u << 0, // 6.19
    nodev = 1u << 1,  // 7.1
};

/// In query_zcrx::features.
enum class zcrx_feature : std::uint32_t {
    rx_page_size = 1u << 0, // 7.0
};

/// In zcrx_ctrl::op. `zc_export` is the kernel's EXPORT, a keyword here, by its field's name.
enum class zcrx_ctrl_op : std::uint32_t {
    flush_rq = 0,  // 6.19
    zc_export = 1, // 6.19
    last = 2,
};

/// Bits of an offset below this one count bytes in the area, the others name the area. Linux 6.15.
inline constexpr unsigned zcrx_area_shift = 48;

/// The bits of an offset that name the area. Linux 6.15.
inline constexpr std::uint64_t zcrx_area_mask = ~((std::uint64_t{1} << zcrx_area_shift) - 1);

/// One entry of the refill ring: gives a piece of the area back. Linux 6.15.
struct zcrx_rqe {
    std::uint64_t off;
    std::uint32_t len; // bytes
    std::uint32_t pad;
};
static_assert(sizeof(zcrx_rqe) == 16 && offsetof(zcrx_rqe, len) == 8);

/// In cqe32::extra of a recv_zc: where in the area the received bytes lie. Linux 6.15.
struct zcrx_cqe {
    std::uint64_t off;
    std::uint64_t pad;
};
static_assert(sizeof(zcrx_cqe) == 16 && offsetof(zcrx_cqe, pad) == 8);

/// Where the words and entries of the refill ring lie, in bytes from the start of its region.
struct zcrx_offsets {
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t rqes;
    std::uint32_t resv2;
    std::uint64_t resv[2];
};
static_assert(sizeof(zcrx_offsets) == 32 && offsetof(zcrx_offsets, resv) == 16);

/// The memory received bytes go to. Linux 6.15.
struct zcrx_area_reg {
    std::uint64_t addr;
    std::uint64_t len;           // bytes
    std::uint64_t rq_area_token; // out: to be or-ed to offsets that are given back
    std::uint32_t flags;         // zcrx_area_flag
    std::uint32_t dmabuf_fd;     // Linux 6.16
    std::uint64_t resv2[2];
};
static_assert(sizeof(zcrx_area_reg) == 48 && offsetof(zcrx_area_reg, flags) == 24);

/// Argument of register_op::zcrx_ifq: one receive queue of one interface. Linux 6.15.
struct zcrx_ifq_reg {
    std::uint32_t if_idx;
    std::uint32_t if_rxq;
    std::uint32_t rq_entries;
    std::uint32_t flags;      // zcrx_reg_flag
    std::uint64_t area_ptr;   // address of a zcrx_area_reg
    std::uint64_t region_ptr; // address of a region_desc
    zcrx_offsets offsets;     // out
    std::uint32_t zcrx_id;    // out: what sqe::zcrx_ifq_idx names
    std::uint32_t rx_buf_len; // bytes; Linux 7.0
    std::uint64_t resv[3];
};
static_assert(sizeof(zcrx_ifq_reg) == 96 && offsetof(zcrx_ifq_reg, offsets) == 32);
static_assert(offsetof(zcrx_ifq_reg, zcrx_id) == 64 && offsetof(zcrx_ifq_reg, resv) == 72);

/// Argument of zcrx_ctrl_op::flush_rq: nothing. Linux 6.19.
struct zcrx_ctrl_flush_rq {
    std::uint64_t resv[6];
};
static_assert(sizeof(zcrx_ctrl_flush_rq) == 48);

/// Argument of zcrx_ctrl_op::zc_export. Linux 6.19.
struct zcrx_ctrl_export {
    std::uint32_t zcrx_fd; // out: a descriptor another ring can import
    std::uint32_t resv1[11];
};
static_assert(sizeof(zcrx_ctrl_export) == 48 && offsetof(zcrx_ctrl_export, resv1) == 4);

/// Argument of register_op::zcrx_ctrl. Linux 6.19.
struct zcrx_ctrl {
    std::uint32_t zcrx_id;
    std::uint32_t op; // zcrx_ctrl_op
    std::uint64_t resv[2];
    union {
        zcrx_ctrl_export zc_export;
        zcrx_ctrl_flush_rq zc_flush;
    };
};
static_assert(sizeof(zcrx_ctrl) == 72 && offsetof(zcrx_ctrl, zc_export) == 24);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::zcrx_area_flag> = true;
template <>
inline constexpr bool is_flags<abi::zcrx_reg_flag> = true;
template <>
inline constexpr bool is_flags<abi::zcrx_feature> = true;
} // namespace rondo
