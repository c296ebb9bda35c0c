// SPDX-License-Identifier: MIT
#pragma once

// The engine in user space: it takes the same submissions and posts the same completions as the
// kernel's io_uring, by way of ordinary system calls (Linux 4.18 and later). An operation is tried
// without blocking where it is submitted; then epoll watches what can be watched, and a few threads
// do what blocks. It has no pollers (sqpoll, iopoll), no registered ring descriptors, no zero-copy
// receive and no device commands; a zero-copy send copies, as its notification says. Any thread.

#include <rondo/engine/engine.hpp>

namespace rondo::engine {

/// One for the whole program; a child of fork(2) has one of its own. Made at the first use.
[[nodiscard]] backend& emulated_backend() noexcept;
/// Whether `fd` names a ring of it.
[[nodiscard]] bool is_emulated(int fd) noexcept;

} // namespace rondo::engine
