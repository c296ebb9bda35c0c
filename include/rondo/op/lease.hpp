// SPDX-License-Identifier: MIT
#pragma once

// Buffers that the kernel chooses: buffer_source is what an operation carries ("take one from group
// g"), buffer_lease is what comes out of it and goes back to its pool by itself. Both are data and
// functions that the pool supplies, so operations need not know pools. One thread: the pool's.

#include <rondo/abi/cqe.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rondo {

class buffer_lease;

/// What a pool of provided buffers does for leases.
struct buffer_pool_functions {
    /// Turns a completion's flags into the lease of what the kernel filled.
    buffer_lease (*adopt)(void* pool, abi::cqe const& completion) noexcept;
    /// The memory of the `index`-th buffer of a lease; its last one is cut to what was filled.
    std::span<std::byte> (*part)(void* pool, buffer_lease const& lease, std::size_t index) noexcept;
    /// Takes the lease's buffers back and offers them to the kernel again.
    void (*give_back)(void* pool, buffer_lease const& lease) noexcept;
    /// adopt() for an operation that may fill several buffers in a row; null: it cannot be told
    /// from one that fills one.
    buffer_lease (*adopt_bundle)(void* pool, abi::cqe const& completion) noexcept = nullptr;
    /// Hears of an operation that found no buffer, even when the pool has ended; may be null.
    void (*starved)(void* pool) noexcept = nullptr;
};

/// Buffers filled by the kernel, owned until destruction, then offered to the kernel again. A
/// bundle (Linux 6.10) holds several; others hold one. Move-only; must not outlive its pool.
class buffer_lease {
public:
    constexpr buffer_lease() noexcept = default;
    /// For pools. `offset` is where the data begin in the first buffer (incremental consumption).
    constexpr buffer_lease(buffer_pool_functions const* functions, void* pool,
                           std::uint16_t first_id, std::uint16_t parts, std::uint32_t offset,
                           std::uint32_t size, bool kernel_keeps) noexcept
        : functions_(functions), pool_(pool), size_(size), offset_(offset), first_id_(first_id),
          parts_(parts), kernel_keeps_(kernel_keeps) {}
    constexpr buffer_lease(buffer_lease&& other) noexcept
        : functions_(std::exchange(other.functions_, nullptr)), pool_(other.pool_),
          size_(std::exchange(other.size_, 0)), offset_(other.offset_), first_id_(other.first_id_),
          parts_(std::exchange(other.parts_, std::uint16_t{0})),
          kernel_keeps_(other.kernel_keeps_) {}
    buffer_lease& operator=(buffer_lease&& other) noexcept {
        if (this != &other) {
            reset();
            functions_ = std::exchange(other.functions_, nullptr);
            pool_ = other.pool_;
            size_ = std::exchange(other.size_, 0);
            offset_ = other.offset_;
            first_id_ = other.first_id_;
            parts_ = std::exchange(other.parts_, std::uint16_t{0});
            kernel_keeps_ = other.kernel_keeps_;
        }
        return *this;
    }
    ~buffer_lease() { reset(); }

    /// Bytes filled, over all parts; 0 at end of file.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    /// How many buffers hold them.
    [[nodiscard]] constexpr std::size_t parts() const noexcept { return parts_; }
    /// The filled bytes of one of them. Valid until the lease ends.
    [[nodiscard]] std::span<std::byte> part(std::size_t index) const noexcept {
        return functions_ != nullptr ? functions_->part(pool_, *this, index)
                                     : std::span<std::byte>();
    }
    /// The filled bytes when one buffer holds them all, as it does but in bundles.
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return part(0); }
    /// The first buffer's id in its group, and where in it the data begin.
    [[nodiscard]] constexpr std::uint16_t first_id() const noexcept { return first_id_; }
    [[nodiscard]] constexpr std::uint32_t offset() const noexcept { return offset_; }
    /// The kernel goes on filling this buffer (IORING_CQE_F_BUF_MORE): it is not given back yet.
    [[nodiscard]] constexpr bool kernel_keeps() const noexcept { return kernel_keeps_; }

    /// Gives the buffers back now.
    void reset() noexcept {
        if (auto const* const f = std::exchange(functions_, nullptr))
            f->give_back(pool_, *this);
        size_ = 0;
        parts_ = 0;
    }

private:
    buffer_pool_functions const* functions_ = nullptr;
    void* pool_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t offset_ = 0;
    std::uint16_t first_id_ = 0;
    std::uint16_t parts_ = 0;
    bool kernel_keeps_ = false;
};

/// "Choose a buffer from this group" (IOSQE_BUFFER_SELECT). Made by a pool, or from a bare group
/// number when the caller looks after the buffers itself: leases then have a size and an id but no
/// memory.
struct buffer_source {
    std::uint16_t group = 0;
    std::uint32_t limit = 0; ///< most bytes to transfer; 0: what the buffer holds
    buffer_pool_functions const* functions = nullptr;
    void* pool = nullptr;

    /// The lease of a completion that may have filled several buffers in a row.
    [[nodiscard]] buffer_lease adopt_bundle(abi::cqe const& c) const noexcept {
        if (functions != nullptr && functions->adopt_bundle != nullptr)
            return functions->adopt_bundle(pool, c);
        return adopt(c);
    }
    /// An operation found no buffer: it failed with ENOBUFS and took none.
    void starved() const noexcept {
        if (functions != nullptr && functions->starved != nullptr)
            functions->starved(pool);
    }
    /// The lease that a successful completion carries.
    [[nodiscard]] buffer_lease adopt(abi::cqe const& c) const noexcept {
        if (functions != nullptr)
            return functions->adopt(pool, c);
        return {nullptr,
                nullptr,
                abi::buffer_id(c),
                std::uint16_t{1},
                0,
                static_cast<std::uint32_t>(c.res < 0 ? 0 : c.res),
                false};
    }
};

} // namespace rondo
