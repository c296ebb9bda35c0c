// SPDX-License-Identifier: MIT
#pragma once

// Which descriptors close(2) may have to wait for. Any thread.

namespace rondo::engine::emulation {

/// True unless it is known that nothing waits: for a disk, a server, or a peer that is to read what
/// is left. A number that is no descriptor is not waited for.
[[nodiscard]] bool may_wait_to_close(int fd) noexcept;

} // namespace rondo::engine::emulation
