// SPDX-License-Identifier: MIT
#pragma once

// The submission queue entry as the kernel reads it. Plain data: who reserved an entry may write it
// until the tail that publishes it is stored; then it belongs to the kernel.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// Position of each sqe_flag in sqe::flags.
enum class sqe_flag_bit : std::uint8_t {
    fixed_file = 0,       // 5.1
    io_drain = 1,         // 5.2
    io_link = 2,          // 5.3
    io_hardlink = 3,      // 5.5
    async = 4,            // 5.6
    buffer_select = 5,    // 5.7
    cqe_skip_success = 6, // 5.17
};

/// Modifiers of any request, in sqe::flags: io_uring_enter(2).
enum class sqe_flag : std::uint8_t {
    fixed_file = 1u << 0,       // 5.1
    io_drain = 1u << 1,         // 5.2
    io_link = 1u << 2,          // 5.3
    io_hardlink = 1u << 3,      // 5.5
    async = 1u << 4,            // 5.6
    buffer_select = 1u << 5,    // 5.7
    cqe_skip_success = 1u << 6, // 5.17
};

/// Protection information of a read or write, reached through sqe::attr_ptr. Linux 6.14.
struct attr_pi {
    std::uint16_t flags;
    std::uint16_t app_tag;
    std::uint32_t len; // bytes at addr
    std::uint64_t addr;
    std::uint64_t seed;
    std::uint64_t rsvd;
};
static_assert(sizeof(attr_pi) == 32 && offsetof(attr_pi, addr) == 8);

/// One request, 64 bytes: io_uring_enter(2). `sqe{}` zeroes all of them, because the first member
/// of each union is as wide as the union; an all-zero entry is a nop.
struct sqe {
    std::uint8_t opcode;  // abi::opcode
    std::uint8_t flags;   // sqe_flag
    std::uint16_t ioprio; // ioprio_set(2), or recvsend_flag, or accept_flag
    std::int32_t fd;      // descriptor, or slot with sqe_flag::fixed_file
    __extension__ union {
        std::uint64_t off;
        std::uint64_t addr2;
        struct {
            std::uint32_t cmd_op;
            std::uint32_t pad1;
        };
    };
    __extension__ union {
        std::uint64_t addr;
        std::uint64_t splice_off_in;
        struct {
            std::uint32_t level;
            std::uint32_t optname;
        };
    };
    std::uint32_t len; // bytes, or a count of vectors, or the operation's own number
    union {
        std::uint32_t rw_flags;
        std::uint32_t fsync_flags;
        std::uint16_t poll_events;   // kernels without feature::poll_32bits
        std::uint32_t poll32_events; // halves swapped on big-endian machines
        std::uint32_t sync_range_flags;
        std::uint32_t msg_flags;
        std::uint32_t timeout_flags;
        std::uint32_t accept_flags;
        std::uint32_t cancel_flags;
        std::uint32_t open_flags;
        std::uint32_t statx_flags;
        std::uint32_t fadvise_advice;
        std::uint32_t splice_flags;
        std::uint32_t rename_flags;
        std::uint32_t unlink_flags;
        std::uint32_t hardlink_flags;
        std::uint32_t xattr_flags;
        std::uint32_t msg_ring_flags;
        std::uint32_t uring_cmd_flags;
        std::uint32_t waitid_flags;
        std::uint32_t futex_flags;
        std::uint32_t install_fd_flags;
        std::uint32_t nop_flags;
        std::uint32_t pipe_flags;
    };
    std::uint64_t user_data; // comes back in cqe::user_data
    union {
        std::uint16_t buf_index; // registered buffer
        std::uint16_t buf_group; // with sqe_flag::buffer_select
    };
    std::uint16_t personality; // 0: the submitter's own credentials
    __extension__ union {
        std::int32_t splice_fd_in;
        std::uint32_t
            file_index; // slot + 1 to fill, or file_index_alloc; 0: an ordinary descriptor
        std::uint32_t zcrx_ifq_idx;
        std::uint32_t optlen;
        struct {
            std::uint16_t addr_len;
            std::uint16_t pad3;
        };
    };
    __extension__ union {
        struct {
            std::uint64_t addr3;
            std::uint64_t pad2;
        };
        struct {
            std::uint64_t attr_ptr;
            std::uint64_t attr_type_mask; // rw_attr_flag
        };
        std::uint64_t optval;
        std::uint8_t cmd[16]; // a command's own bytes; 80 of them in an sqe128
    };
};
static_assert(sizeof(sqe) == 64 && alignof(sqe) == 8);
static_assert(offsetof(sqe, off) == 8 && offsetof(sqe, addr) == 16 && offsetof(sqe, len) == 24);
static_assert(offsetof(sqe, rw_flags) == 28 && offsetof(sqe, user_data) == 32);
static_assert(offsetof(sqe, buf_index) == 40 && offsetof(sqe, file_index) == 44);
static_assert(offsetof(sqe, addr3) == 48 && offsetof(sqe, cmd) == 48);

/// An entry of a ring made with setup::sqe128 (Linux 5.19), or two adjacent entries of one made
/// with setup::sqe_mixed (6.19): `head.cmd` and `cmd` are one run of 80 bytes.
struct sqe128 {
    sqe head;
    std::uint8_t cmd[64];
};
static_assert(sizeof(sqe128) == 128 && offsetof(sqe128, cmd) == 64);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::sqe_flag> = true;
} // namespace rondo
