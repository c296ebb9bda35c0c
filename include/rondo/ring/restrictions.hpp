// SPDX-License-Identifier: MIT
#pragma once

// restrictions: what a ring, or all later rings of a task, may still do. Everything is forbidden
// that was not allowed by name. A value that is built up and then applied; one thread.
//
//     auto ring = rondo::ring::create().or_throw("ring");
//     rondo::restrictions()
//         .allow<op::read<>, op::write<>>()
//         .allow(abi::sqe_flag::fixed_file)
//         .apply(ring)                        // before the first submit
//         .or_throw("restrictions");

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/result.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/op/operation.hpp>

#include <cstdint>

namespace rondo {

class ring;

/// See the top of this file. Always allowed are what a ring needs to end in good order: a nop
/// behind a drain, and the register operations sync_cancel and unregister_ring_fds.
class restrictions {
public:
    constexpr restrictions() noexcept {
        allow(abi::opcode::nop).allow(abi::sqe_flag::io_drain);
        allow(abi::register_op::sync_cancel).allow(abi::register_op::unregister_ring_fds);
    }

    constexpr restrictions& allow(abi::opcode operation) noexcept {
        auto const n = static_cast<std::uint32_t>(operation);
        opcodes_[n / 64 % 4] |= std::uint64_t{1} << (n % 64);
        return *this;
    }
    template <op::operation... Ops>
    constexpr restrictions& allow() noexcept {
        (allow(static_cast<abi::opcode>(Ops::code)), ...);
        return *this;
    }
    constexpr restrictions& allow(abi::register_op operation) noexcept {
        registrations_ |= std::uint64_t{1} << (static_cast<std::uint32_t>(operation) % 64);
        return *this;
    }
    /// Flags that SQEs may have.
    constexpr restrictions& allow(abi::sqe_flag flags) noexcept {
        allowed_ |= flags;
        return *this;
    }
    /// Flags that all SQEs must have; the ring's own last nop lacks them, so with this, end the
    /// operations before the ring.
    constexpr restrictions& require(abi::sqe_flag flags) noexcept {
        required_ |= flags;
        allowed_ |= flags;
        return *this;
    }

    [[nodiscard]] constexpr bool allows(abi::opcode operation) const noexcept {
        auto const n = static_cast<std::uint32_t>(operation);
        return (opcodes_[n / 64 % 4] >> (n % 64) & 1) != 0;
    }
    [[nodiscard]] constexpr bool allows(abi::register_op operation) const noexcept {
        return (registrations_ >> (static_cast<std::uint32_t>(operation) % 64) & 1) != 0;
    }

    /// Restricts a ring made with setup::r_disabled, before its first submit; they hold from then
    /// on. What is forbidden completes with EACCES, and register operations say EACCES. EBADFD with
    /// cause::disabled: the ring is enabled already. EBUSY with cause::in_use: it has restrictions.
    /// EINVAL: an opcode that this kernel does not know. Linux 5.10
    result<> apply(ring& owner) const noexcept;

    /// Restricts all rings that this thread and its later children make from now on. EPERM with
    /// cause::in_use: it has restrictions. EACCES: needs CAP_SYS_ADMIN or PR_SET_NO_NEW_PRIVS.
    /// EINVAL with cause::missing_feature. Linux 7.0
    result<> apply_to_this_task(engine::backend& who = engine::kernel_backend()) const noexcept;

private:
    std::uint64_t opcodes_[4] = {};
    std::uint64_t registrations_ = 0;
    abi::sqe_flag allowed_{};
    abi::sqe_flag required_{};
};

} // namespace rondo
