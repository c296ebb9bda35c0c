// SPDX-License-Identifier: MIT
#pragma once

// region: memory that a ring and its user share for the ring's whole life. A ring has one; what it
// is good for today is wait_region. One thread: the ring's.

#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <cstddef>
#include <span>

namespace rondo {

class ring;

/// Options of region::create.
struct region_options {
    /// Bytes, rounded up to whole pages. Not looked at when `memory` is given.
    std::size_t size = 4096;
    /// Page-aligned memory of the caller's. It may be unmapped later: the kernel keeps the pages.
    std::span<std::byte> memory = {};
    /// Let the kernel allocate the memory and map it. The ring is not gone before the mapping is.
    bool kernel_memory = false;
    /// The region holds wait arguments: see wait_region, which sets this.
    bool wait_arguments = false;
};

/// See the top of this file. Move-only. The kernel cannot end the registration before the ring
/// ends; this object only owns the program's view of the memory.
class region {
public:
    /// Linux 6.13. EBUSY with cause::in_use: the ring has a region, its own for timed waits unless
    /// it was created with `.wait_region = false`. EINVAL with cause::disabled: wait arguments can
    /// only be registered before the ring is enabled, and with cause::missing_feature: this kernel
    /// has no regions. ENOMEM with cause::memlock. ENOTSUP: kernel_memory on a ring without a
    /// descriptor.
    [[nodiscard]] static result<region> create(ring& owner,
                                               region_options const& options = {}) noexcept;

    [[nodiscard]] std::span<std::byte> memory() const noexcept { return memory_; }

private:
    region(mapping own, std::span<std::byte> memory) noexcept
        : own_(std::move(own)), memory_(memory) {}

    mapping own_;
    std::span<std::byte> memory_;
};

} // namespace rondo
