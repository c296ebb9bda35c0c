// SPDX-License-Identifier: MIT
#pragma once

// The engine's side of a ring of provided buffers, io_uring_register_buf_ring(3): the program adds
// entries and stores the tail, this takes them and keeps the head to itself. Used under the ring's
// lock, but the program writes entries and tail from its own thread.

#include "request.hpp"

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::engine::emulation {

/// See the top of this file.
class provided_ring {
public:
    /// Whether a ring of this kind and size can be.
    static bool is_possible(abi::buf_reg const& what) noexcept;
    /// In the caller's memory or, with buf_ring_flag::mmap, its own. EFAULT, EINVAL, ENOMEM.
    static result<provided_ring> create(abi::buf_reg const& what) noexcept;

    /// Another mapping of the ring. EINVAL: the memory is the caller's, or there is less of it.
    [[nodiscard]] result<mapping> map(std::size_t bytes) const noexcept;
    [[nodiscard]] std::uint16_t head() const noexcept { return head_; }
    [[nodiscard]] bool is_incremental() const noexcept { return incremental_; }

    /// Up to `most` buffers from the head on, cut to `wanted` bytes in all (0: whole buffers), into
    /// r.chosen, without consuming them. False: there is none, or no memory.
    bool show(request& r, std::uint32_t wanted, std::uint32_t most) const noexcept;
    /// Consumes `buffers` of them or, if it is incremental, `bytes`. True when of the last buffer
    /// touched something is left.
    bool consume(std::uint32_t buffers, std::uint64_t bytes) noexcept;

private:
    provided_ring() noexcept = default;
    [[nodiscard]] std::uint32_t available() const noexcept;
    [[nodiscard]] abi::buf& entry(std::uint16_t index) const noexcept {
        return abi::entries(ring_)[index & mask_];
    }

    mapping memory_; ///< none if it is the caller's
    abi::buf_ring* ring_ = nullptr;
    std::uint32_t mask_ = 0;
    std::uint32_t min_left_ = 0;
    bool incremental_ = false;
    std::uint16_t head_ = 0; ///< wraps, as the tail does
};

} // namespace rondo::engine::emulation
