// SPDX-License-Identifier: MIT
#pragma once

// How a ring is to be made. An aggregate for designated initialisers. Any thread.

#include <rondo/abi/params.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/core/duration.hpp>
#include <rondo/engine/engine.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rondo {

class ring;

/// What a ring of one thread is made with where the kernel has it: nothing interrupts the thread,
/// completions are worked off inside its own enters, a bad SQE does not hold up those behind it.
inline constexpr abi::setup default_setup = abi::setup::r_disabled | abi::setup::single_issuer |
                                            abi::setup::defer_taskrun | abi::setup::taskrun_flag |
                                            abi::setup::submit_all | abi::setup::no_sqarray;

/// A kernel thread that takes submissions without system calls and polls for them: it burns a CPU
/// until nothing came for `idle`. Linux 5.1; without privileges 5.11.
struct poller_options {
    /// Before it sleeps, in whole milliseconds, at least one. There is no default on purpose.
    std::uint32_t idle_ms = 0;
    /// The CPU it stays on; -1: any.
    std::int32_t cpu = -1;
};

/// Options of ring::create.
struct ring_options {
    /// Submission queue entries, 1 to 32768, rounded up to a power of two.
    std::uint32_t entries = 128;
    /// Completion queue entries, at least `entries`; 0: twice as many as `entries`. Linux 5.5
    std::uint32_t cq_entries = 0;
    /// Wanted set-up flags. Those that this kernel lacks are left out, and features::refused says
    /// which; bits that no kernel is known to have are an error. sqpoll, sq_aff, cqsize and
    /// attach_wq follow from the other options and are an error without them.
    abi::setup flags = default_setup;
    /// Set-up flags without which create fails with EINVAL and cause::unknown_flag.
    abi::setup required = {};
    /// With idle_ms above 0, a kernel thread polls for submissions (sqpoll); defer_taskrun and
    /// taskrun_flag are then dropped, as they exclude it.
    poller_options poller = {};
    /// A ring whose worker threads, and poller if both have one, this one shares (attach_wq).
    /// Only read during create. Chains are refused on a shared poller. Linux 5.6
    ring* attach = nullptr;
    /// Page-aligned memory for the queues, at least ring::memory_needed() bytes (no_mmap). The
    /// caller keeps it, untouched, until the ring is gone. Linux 6.5
    std::span<std::byte> memory = {};
    /// The queues in huge pages where there are free ones (no_mmap). Linux 6.5
    bool huge_pages = false;
    /// Enter through a registered descriptor, which saves a look-up per call. Linux 5.18
    bool register_descriptor = true;
    /// Keep the arguments of timed waits in registered memory. Needs r_disabled. Linux 6.13
    bool wait_region = true;
    /// Whether the CPU that waits counts as waiting for I/O, as for a disk; false sets no_iowait.
    /// Unset: true, but false in a loop, most of whose waits are for others to speak. Linux 6.15
    std::optional<bool> iowait = {};
    /// Who runs the ring: engine::automatic, kernel or emulated. The environment's RONDO_ENGINE,
    /// one of these words, comes before it. features::engine tells who it is, and
    /// features::why_not_kernel what speaks against the kernel.
    rondo::engine::kind engine = rondo::engine::automatic;
    /// An engine of the caller's own, before all others; null: none. It outlives the ring.
    rondo::engine::backend* backend = nullptr;
};

/// How long submit_and_wait waits. On a ring with setup::iopoll and no poller the kernel looks at
/// nothing but `count`, so anything else is refused: ENOTSUP with cause::device_polling.
struct wait_options {
    /// Completions to wait for; may be reached or not when the wait ends early.
    std::uint32_t count = 1;
    /// When to give up: ETIME.
    deadline until = {};
    /// After this many microseconds one completion is enough (0: off). Linux 6.12
    std::uint32_t min_wait_us = 0;
    /// A kernel signal mask to wait with, `signals_bytes` long (8 on Linux), or null.
    void const* signals = nullptr;
    std::uint32_t signals_bytes = 8;
};

} // namespace rondo
