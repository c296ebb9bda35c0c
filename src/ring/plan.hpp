// SPDX-License-Identifier: MIT
#pragma once

// The steps of making a ring: which flags to ask for, what memory the queues need, how they are
// mapped. One thread.

#include "state.hpp"

#include <rondo/abi/params.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/setup.hpp>

#include <cstddef>

namespace rondo {

/// Sizes of a no_mmap ring's memory, each a whole number of pages.
struct queue_memory {
    std::size_t rings;
    std::size_t sqes;
    std::size_t total;
};

/// Upper bounds, since only the kernel knows the exact layout of its words.
[[nodiscard]] queue_memory queue_bytes(ring_options const& options) noexcept;

/// From wanted flags to the arguments of io_uring_setup(2).
class setup_plan {
public:
    setup_plan(ring_options const& options, features const& known, engine::backend& who) noexcept;

    /// Refuses what no kernel could take, and flags that this one is known to lack.
    result<> check() noexcept;
    /// Gives a no_mmap ring its memory: the caller's, huge pages, or ordinary ones.
    result<> lend_memory(ring_state& state) noexcept;
    long attempt_setup() noexcept;
    /// After EINVAL from a kernel that cannot be queried: finds out by trial which flags it has.
    /// True when there is something else to ask for.
    bool reconsider() noexcept;
    [[nodiscard]] error explain(int code) const noexcept;

    abi::params params{};
    features found;

private:
    [[nodiscard]] abi::setup flags_without_option() const noexcept;
    void choose_flags() noexcept;

    ring_options const& options_;
    engine::backend& who_;
    abi::setup known_;
    abi::setup wanted_;
    std::span<std::byte> memory_;
};

/// Every set-up flag that `who` accepts, found by making small rings.
[[nodiscard]] abi::setup setup_flags_by_trial(engine::backend& who) noexcept;

/// Maps the queues of the ring `fd` as state.params says.
result<> map_queues(ring_state& state, int fd) noexcept;
/// Makes the views of the queues, wherever they were mapped.
void attach_queues(ring_state& state, submission_queue& sq, completion_queue& cq) noexcept;
/// Registers a page for the arguments of timed waits; false where that is not possible.
bool register_wait_region(ring_state& state) noexcept;

} // namespace rondo
