// SPDX-License-Identifier: MIT
#pragma once

// The table of registered buffers of one ring. It is used under the ring's lock; requests share
// what is in a slot, and its tag is posted when the last of them is over, on any thread.

#include "tag.hpp"

#include <rondo/abi/registration.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rondo::engine::emulation {

/// Memory of the caller's that is in a slot.
struct registered_buffer {
    std::uint64_t address = 0;
    std::size_t bytes = 0;
    tag_ticket ticket;
};

/// See the top of this file. Calls answer as the kernel does: a value, or minus an errno.
class buffer_table {
public:
    /// Whom tags go to. Before the first registration.
    void connect(tag_target const& tags) noexcept { tags_ = tags; }

    [[nodiscard]] bool exists() const noexcept { return !slots_.empty(); }
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(slots_.size());
    }
    /// 0, or -EFAULT when `bytes` at `address` are not all inside this slot's buffer.
    [[nodiscard]] long check(std::uint32_t index, std::uint64_t address,
                             std::uint64_t bytes) const noexcept;
    /// A share in what is in this slot; null when there is nothing.
    [[nodiscard]] std::shared_ptr<registered_buffer const> hold(
        std::uint32_t index) const noexcept {
        return index < slots_.size() ? slots_[index] : nullptr;
    }

    /// Makes a table of `count` slots; `memory` null: empty ones. `tags` may be null.
    long enrol(::iovec const* memory, std::uint32_t count, std::uint64_t const* tags) noexcept;
    /// Changes slots; the number of those changed before the first that failed.
    long update(std::uint32_t first, ::iovec const* memory, std::uint32_t count,
                std::uint64_t const* tags) noexcept;
    long unregister() noexcept;
    /// Puts buffers of `source` into this table, or makes one of them; the locks of both rings are
    /// the caller's. `source` may be this table.
    long clone(buffer_table const& source, abi::clone_buffers const& what) noexcept;

private:
    using slot = std::shared_ptr<registered_buffer>;

    std::vector<slot> slots_;
    tag_target tags_;
};

} // namespace rondo::engine::emulation
