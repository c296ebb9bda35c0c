// SPDX-License-Identifier: MIT
#pragma once

// register_op::bpf_filter: a classic BPF program that decides which requests a ring accepts. Plain
// data: any thread may use it, one at a time per object.

#include <rondo/abi/bits.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// In bpf_filter::flags.
enum class bpf_filter_flag : std::uint32_t {
    deny_rest = 1u << 0, // 7.0
    sz_strict = 1u << 1, // 7.1
};

/// In bpf::cmd_type.
enum class bpf_command : std::uint16_t {
    filter = 1, // 7.0
};

/// What the program sees of a socket request.
struct bpf_socket {
    std::uint32_t family;
    std::uint32_t type;
    std::uint32_t protocol;
};
static_assert(sizeof(bpf_socket) == 12);

/// What the program sees of an openat or openat2 request: open_how of openat2(2).
struct bpf_open {
    std::uint64_t flags;
    std::uint64_t mode;
    std::uint64_t resolve;
};
static_assert(sizeof(bpf_open) == 24);

/// The memory the program reads: one request. Linux 7.0.
struct bpf_ctx {
    std::uint64_t user_data;
    std::uint8_t opcode;
    std::uint8_t sqe_flags;
    std::uint8_t pdu_size; // bytes that count in the union
    std::uint8_t pad[5];
    union {
        bpf_open open; // first, being the widest: `bpf_ctx{}` is all zero
        bpf_socket socket;
    };
};
static_assert(sizeof(bpf_ctx) == 40 && offsetof(bpf_ctx, socket) == 16);

/// One program for one opcode. Linux 7.0.
struct bpf_filter {
    std::uint32_t opcode;
    std::uint32_t flags;      // bpf_filter_flag
    std::uint32_t filter_len; // instructions
    std::uint8_t pdu_size;    // bytes of the union the program expects
    std::uint8_t resv[3];
    std::uint64_t filter_ptr; // address of struct sock_filter[filter_len]
    std::uint64_t resv2[5];
};
static_assert(sizeof(bpf_filter) == 64 && offsetof(bpf_filter, filter_ptr) == 16);

/// Argument of register_op::bpf_filter. Linux 7.0.
struct bpf {
    std::uint16_t cmd_type; // bpf_command
    std::uint16_t cmd_flags;
    std::uint32_t resv;
    bpf_filter filter;
};
static_assert(sizeof(bpf) == 72 && offsetof(bpf, filter) == 8);

} // namespace rondo::abi

namespace rondo {
template <>
inline constexpr bool is_flags<abi::bpf_filter_flag> = true;
} // namespace rondo
