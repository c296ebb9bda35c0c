// SPDX-License-Identifier: MIT
#pragma once

// Waits until a child of this process changes state: waitid(2). Under the lock of the request's
// ring.

#include "request.hpp"

namespace rondo::engine::emulation {

/// Lets `r` sleep until waitid(which, id, ..., options) would have an answer; it is then attempted
/// again. The child is left as it is.
[[nodiscard]] outcome watch_children(request& r, int which, int id, int options) noexcept;

} // namespace rondo::engine::emulation
