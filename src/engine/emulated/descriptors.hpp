// SPDX-License-Identifier: MIT
#pragma once

// What is so of a descriptor, whatever it names, and copies of it. Nothing here blocks. Any thread.

#include <cstdint>
#include <optional>

namespace rondo::engine::emulation {

[[nodiscard]] bool is_open(int fd) noexcept;
/// It is open, and not with O_PATH.
[[nodiscard]] bool gives_access(int fd) noexcept;
/// A copy of the engine's own, never one of the standard three: -EBADF, -EMFILE.
[[nodiscard]] long duplicate(int fd) noexcept;
/// What poll(2) sees of `events`, and of POLLERR, POLLHUP and POLLNVAL, right now; 0 if it fails.
[[nodiscard]] std::uint32_t seen_now(int fd, std::uint32_t events) noexcept;
/// A file, directory or block device: nothing of it is ever waited for by polling.
[[nodiscard]] bool has_blocks(int fd) noexcept;
[[nodiscard]] bool is_directory(int fd) noexcept;
/// Whether two descriptors are of one open file description; nothing: this system does not tell.
[[nodiscard]] std::optional<bool> is_same_file(int a, int b) noexcept;

} // namespace rondo::engine::emulation
