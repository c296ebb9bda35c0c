// SPDX-License-Identifier: MIT
#pragma once

// Is memory there? The kernel answers -EFAULT where a program would die of touching it. Any thread.

#include <cstddef>
#include <cstdint>

namespace rondo::engine::emulation {

/// True if all of it is mapped, whatever its protection. Costs one system call that touches no
/// page, whatever the size.
[[nodiscard]] bool is_mapped(std::uint64_t address, std::size_t bytes) noexcept;
[[nodiscard]] bool is_mapped(void const* data, std::size_t bytes) noexcept;

/// True if every page of it can be read, at the cost of one cheap system call per page; faults
/// them in.
[[nodiscard]] bool is_readable(std::uint64_t address, std::size_t bytes) noexcept;

/// True if all of it is mapped and its first and last page can be written, as far as this kernel
/// can tell (Linux 5.14; before, as is_mapped). The pages between are not touched.
[[nodiscard]] bool is_writable(std::uint64_t address, std::size_t bytes) noexcept;

} // namespace rondo::engine::emulation
