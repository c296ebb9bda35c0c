// SPDX-License-Identifier: MIT
#pragma once

// Cancelling without a submission: for when the queue is full, or nobody is there to see the
// cancel's own completion. One thread: the ring's.

#include <rondo/core/duration.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/cancel.hpp>

#include <cstdint>

namespace rondo {

class ring;

/// Asks operations to end early and waits until those that a worker thread runs have done so, or
/// `until`. Returns how many were found when there are several to find, else 0. What was cancelled
/// completes as usual: only its final CQE gives its memory back. ENOENT: nothing matched; ETIME:
/// not over by then; EINTR: a signal came. Linux 6.0; by opcode 6.6
result<std::uint32_t> sync_cancel(ring& owner, op::cancel const& what,
                                  deadline until = {}) noexcept;

} // namespace rondo
