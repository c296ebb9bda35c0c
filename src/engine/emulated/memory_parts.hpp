// SPDX-License-Identifier: MIT
#pragma once

// The memory that one system call moves: what is left of a request's, never more than the kernel
// takes in one transfer. One thread at a time per object.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rondo::engine::emulation {

/// What one transfer moves at most, whatever it asks for: the kernel's limit.
inline constexpr std::size_t most_bytes = 0x7fff'f000;

/// Bytes of some memory, most_bytes at most.
[[nodiscard]] std::size_t bytes_of(std::span<::iovec const> memory) noexcept;

/// Part of some memory: without its first bytes and at most so many.
class memory_parts {
public:
    memory_parts() noexcept = default;
    memory_parts(memory_parts const&) = delete;
    memory_parts& operator=(memory_parts const&) = delete;

    /// Once. A length that no memory has stays as it is, for the system call to refuse. False: no
    /// memory for the list itself.
    [[nodiscard]] bool assign(std::span<::iovec const> memory, std::uint64_t skip,
                              std::size_t most) noexcept;

    [[nodiscard]] std::span<::iovec> list() noexcept { return {first_, count_}; }
    [[nodiscard]] std::span<::iovec const> list() const noexcept { return {first_, count_}; }
    /// In all.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    std::array<::iovec, 8> few_;
    std::vector<::iovec> many_;
    ::iovec* first_ = few_.data();
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace rondo::engine::emulation
