// SPDX-License-Identifier: MIT
#pragma once

// request_filter: a classic BPF program that looks at each request of one opcode and lets it pass
// or not. A value that borrows the program's instructions until it is registered. One thread.

#include <rondo/abi/bpf.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/core/result.hpp>
#include <rondo/engine/kernel.hpp>

#include <linux/filter.h>

#include <cstdint>
#include <span>

namespace rondo {

class ring;

/// See the top of this file. The program reads an abi::bpf_ctx in the machine's byte order and
/// returns 0 to refuse the request, which then completes with EACCES.
struct request_filter {
    abi::opcode code;
    /// Instructions as socket filters have them; BPF_LD | BPF_W | BPF_ABS loads from the bpf_ctx.
    std::span<::sock_filter const> program;
    /// Bytes of the opcode's own part of bpf_ctx that the program reads.
    std::uint8_t own_bytes = 0;
    /// Refuse the opcodes that have no filter.
    bool deny_rest = false;
    /// Refuse to register when the kernel's part has another size than own_bytes. Linux 7.1
    bool exact_size = false;
};

/// Adds a filter to a ring; filters can be added and never taken away. EINVAL with
/// cause::missing_feature. Linux 7.0
result<> filter_requests(ring& owner, request_filter const& filter) noexcept;

/// Adds a filter to all rings that this thread and its later children make from now on. EACCES:
/// needs CAP_SYS_ADMIN or PR_SET_NO_NEW_PRIVS. EINVAL with cause::missing_feature. Linux 7.0
result<> filter_requests_of_this_task(request_filter const& filter,
                                      engine::backend& who = engine::kernel_backend()) noexcept;

} // namespace rondo
