// SPDX-License-Identifier: MIT
#pragma once

// What a kernel offers and what a ring got of it, found out by asking: REGISTER_QUERY where there
// is one, the opcode probe, and what set-up answered; never by comparing versions. Value type; any
// thread.

#include <rondo/abi/enter.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/result.hpp>
#include <rondo/engine/engine.hpp>
#include <rondo/op/operation.hpp>

#include <cstdint>

namespace rondo {

/// Yes, no, or not to be known without trying.
enum class support : std::uint8_t { no, yes, unknown };

/// See the top of this file.
struct features {
    /// How they were learned, from the surest to the least.
    enum class source : std::uint8_t { query, probe, trial };

    source learned_by = source::trial;
    bool registered_descriptor = false;   ///< enters go through the thread's table
    bool wait_region = false;             ///< timed waits use registered memory
    bool huge_pages = false;              ///< the queues lie in huge pages
    engine::kind engine = engine::kernel; ///< who runs the ring; automatic: one of the caller's own
    /// Why the kernel does not, if it was asked first: its cause is seccomp, sysctl_disabled, ...
    error why_not_kernel = {};
    std::uint32_t sq_entries = 0;
    std::uint32_t cq_entries = 0;
    abi::setup setup = {};          ///< set-up flags that the ring has
    abi::setup refused = {};        ///< wanted, left out because the kernel lacks them
    abi::setup known_setup = {};    ///< all that the kernel has; {} when it was not asked
    abi::feature kernel = {};       ///< IORING_FEAT_ bits
    abi::enter enter = {};          ///< flags of io_uring_enter(2)
    abi::sqe_flag sqe_flags = {};   ///< flags of SQEs
    std::uint32_t register_ops = 0; ///< number of register operations; 0: not known
    std::uint64_t opcodes[4] = {};  ///< one bit per opcode
    std::uint8_t opcode_count = 0;  ///< one past the highest opcode the kernel knows

    [[nodiscard]] constexpr bool supports(abi::opcode o) const noexcept {
        auto const n = static_cast<std::uint32_t>(o);
        return (opcodes[n / 64] >> (n % 64) & 1) != 0;
    }
    template <op::operation Op>
    [[nodiscard]] constexpr bool supports() const noexcept {
        return supports(static_cast<abi::opcode>(Op::code));
    }
    [[nodiscard]] constexpr support supports(abi::register_op o) const noexcept {
        if (register_ops == 0)
            return support::unknown;
        return static_cast<std::uint32_t>(o) < register_ops ? support::yes : support::no;
    }
    [[nodiscard]] constexpr bool has_feature(abi::feature f) const noexcept {
        return has(kernel, f);
    }

    /// Asks `who` without a ring of the caller's: makes and closes small ones of its own, one per
    /// set-up flag where the kernel cannot be queried.
    [[nodiscard]] static result<features> ask(engine::backend& who) noexcept;

    /// Fills in what REGISTER_QUERY says; does nothing where there is none. Linux 6.18
    void query(engine::backend& who) noexcept;
    /// Fills in the opcodes by the probe of the ring `fd` (or its registered index, with
    /// register_op::use_registered_ring or-ed into `operation_bits`). Linux 5.6
    void probe(engine::backend& who, int fd, std::uint32_t operation_bits) noexcept;
    /// Fills in what only the feature bits of a set-up tell when there was no query.
    void infer_from_setup() noexcept;
};

} // namespace rondo
