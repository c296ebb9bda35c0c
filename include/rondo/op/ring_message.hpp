// SPDX-License-Identifier: MIT
#pragma once

// Messages from ring to ring: a completion of the sender's making, or a registered file. Value
// types; any thread.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/slot.hpp>
#include <rondo/op/target.hpp>

#include <cstdint>

namespace rondo::op {

/// Posts a CQE to another ring, or to this one. io_uring_prep_msg_ring(3). Linux 5.18; with
/// `cqe_flags` 6.3. Value: none, it is posted.
///
/// Wakes whoever waits there. EBADFD: `ring` is no ring, or not enabled yet. EOVERFLOW: its CQ is
/// full.
struct message_ring {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::msg_ring;
    static constexpr about facts{"message_ring", "io_uring_prep_msg_ring(3)", "5.18", "none"};

    fd_ref ring;
    std::uint64_t user_data;      ///< of the CQE that appears there
    std::int32_t res = 0;         ///< its result
    abi::cqe_flag cqe_flags = {}; ///< its flags

    void prep(abi::sqe& s) const noexcept {
        set_target(s, ring);
        s.off = user_data;
        s.addr = raw(abi::msg_ring_command::data);
        s.len = static_cast<std::uint32_t>(res);
        if (any(cqe_flags)) {
            s.file_index = raw(cqe_flags);
            s.msg_ring_flags = raw(abi::msg_ring_flag::flags_pass);
        }
    }
};

/// Puts a file of this ring's registered table into another ring's. io_uring_prep_msg_ring_fd(3).
/// Linux 6.0. Value: the slot it got there; a CQE with `user_data` appears there too, with the slot
/// as its result if the kernel chose it, else 0.
///
/// EINVAL: `ring` is this one. EBADFD: it is no ring, or not enabled yet. EBADF: the slot here is
/// empty. ENFILE: no free slot there. EOVERFLOW: its CQ is full; the file is there all the same.
struct message_ring_fd {
    using value_type = std::uint32_t;
    static constexpr abi::opcode code = abi::opcode::msg_ring;
    static constexpr about facts{"message_ring_fd", "io_uring_prep_msg_ring_fd(3)", "6.0",
                                 "slot in the other ring"};

    fd_ref ring;
    std::uint32_t slot;                         ///< in this ring's table
    std::uint32_t into = abi::file_index_alloc; ///< in the other's, or let the kernel choose
    std::uint64_t user_data = 0;                ///< of the CQE that appears there
    bool silent = false;                        ///< no CQE there

    void prep(abi::sqe& s) const noexcept {
        set_target(s, ring);
        s.off = user_data;
        s.addr = raw(abi::msg_ring_command::send_fd);
        s.addr3 = slot;
        s.file_index = slot_source{into}.encoded();
        s.msg_ring_flags = raw(silent ? abi::msg_ring_flag::cqe_skip : abi::msg_ring_flag{});
    }
    static result<std::uint32_t> value(message_ring_fd const& o, abi::cqe const& c) noexcept {
        if (c.res < 0)
            return failure<message_ring_fd>(c);
        return o.into == abi::file_index_alloc ? static_cast<std::uint32_t>(c.res) : o.into;
    }
};

using ring_message_operations = operations<message_ring, message_ring_fd>;

} // namespace rondo::op
