// SPDX-License-Identifier: MIT
#pragma once

// Messages to rings from threads that have none. Any thread.

#include <rondo/core/result.hpp>
#include <rondo/engine/engine.hpp>
#include <rondo/op/ring_message.hpp>

namespace rondo {

/// Posts a completion to a ring, waking whoever waits there; `message.ring` is its descriptor, of
/// any thread's ring, not a slot. EBADFD: it is no ring, or not enabled yet. EOVERFLOW: its CQ is
/// full. EINVAL with cause::missing_feature. Linux 6.13, and on the emulated engine.
result<> send_message(op::message_ring const& message) noexcept;
/// The same by way of an engine of the caller's own.
result<> send_message(op::message_ring const& message, engine::backend& who) noexcept;

} // namespace rondo
