// SPDX-License-Identifier: MIT
#pragma once

// buffers: the table of memory registered with a ring. The kernel pins its pages once instead of at
// each transfer; operations name the buffer by its index. A ring has one table. Registration does
// not copy: the memory stays where it is. One thread: the ring's.
//
//     auto table = rondo::buffers::create(ring, {.count = 8, .buffer_size = 65536})
//                      .or_throw("buffers");
//     auto n = ring.run(op::read{.fd = f, .into = table[3].bytes(0, 4096), .at = 0});

#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rondo {

class ring;
struct buffers_state;

/// Options of buffers::create.
struct buffers_options {
    /// Slots of the table, 1 to 16384.
    std::uint32_t count = 16;
    /// Bytes of memory that the library allocates for each, up to 1 GiB; 0: the slots are empty, to
    /// be filled by update(). Linux 5.19 for empty ones (earlier, 5.13 does as well).
    std::size_t buffer_size = 0;
    /// Allocate from huge pages where there are free ones. They are pinned and counted whole.
    bool huge_pages = false;
};

/// One registered buffer: where it is and how operations name it. A value; it borrows.
class registered_buffer {
public:
    constexpr registered_buffer(void* data, std::size_t size, std::uint16_t index) noexcept
        : data_(static_cast<std::byte*>(data)), size_(size), index_(index) {}

    /// `size` bytes from `offset` on, for operations; aborts when they are not inside the buffer.
    [[nodiscard]] registered_bytes bytes(std::size_t offset, std::size_t size) const noexcept {
        require_inside(offset, size);
        return {data_ + offset, size, index_};
    }
    /// All of it, for operations.
    [[nodiscard]] registered_bytes bytes() const noexcept { return {data_, size_, index_}; }
    /// Parts of it, for operations. The iovecs must point into this buffer, EFAULT if not.
    [[nodiscard]] registered_iovecs parts(iovecs inside) const noexcept { return {inside, index_}; }
    /// The memory, for the program.
    [[nodiscard]] std::span<std::byte> memory() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint16_t index() const noexcept { return index_; }

private:
    void require_inside(std::size_t offset, std::size_t size) const noexcept;

    std::byte* data_;
    std::size_t size_;
    std::uint16_t index_;
};

/// Which buffers clone_from() takes, and where it puts them.
struct clone_range {
    std::uint32_t from = 0;  ///< first slot of the source
    std::uint32_t to = 0;    ///< first slot here
    std::uint32_t count = 0; ///< 0: all from `from` on
};

/// See the top of this file. Move-only; unregisters the table when it ends. The kernel keeps the
/// pages until the last operation on them is over, and so does memory of the library's own.
class buffers {
public:
    /// A table of `count` slots, empty or with memory of the library's own. ENOMEM with
    /// cause::memlock: RLIMIT_MEMLOCK; EBUSY with cause::in_use: the ring has a table.
    [[nodiscard]] static result<buffers> create(ring& owner,
                                                buffers_options const& options = {}) noexcept;
    /// A table of the caller's memory, which must stay until the table ends; a null address makes
    /// an empty slot. `tags` is empty, or one per slot: not 0, it is the user_data of a completion
    /// that says that the kernel let go of the memory (Linux 5.13). If one of them cannot be
    /// registered none is: EFAULT for memory that is not there or above 1 GiB. Linux 5.1
    [[nodiscard]] static result<buffers> create(ring& owner, iovecs memory,
                                                std::span<std::uint64_t const> tags = {}) noexcept;
    /// A table that shares all buffers of another ring's. They stay pinned by both; memory that the
    /// library allocated belongs to `source`, which must then outlive what uses it. EBUSY with
    /// cause::in_use: `into` has a table. Linux 6.12
    [[nodiscard]] static result<buffers> clone(ring& into, buffers const& source) noexcept;

    buffers(buffers&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    buffers& operator=(buffers&& other) noexcept;
    ~buffers();

    /// Replaces the buffers from slot `first` on, all of them or none; a null address empties a
    /// slot. Those replaced are let go of when the last operation on them is over. When one cannot
    /// be registered, those before it are put back as they were; their own tags, if they had any,
    /// have then arrived already, and new ones arrive too. Linux 5.13
    result<> update(std::uint32_t first, iovecs memory,
                    std::span<std::uint64_t const> tags = {}) noexcept;
    /// The same for one slot.
    result<> update(std::uint32_t index, ::iovec const& memory, std::uint64_t tag = 0) noexcept;
    /// Empties a slot.
    result<> release(std::uint32_t index) noexcept;
    /// Shares buffers of another ring's table, in the place of what is here; the table grows if
    /// they reach beyond its end. Lifetimes as in clone(). Linux 6.13
    result<> clone_from(buffers const& source, clone_range const& range = {}) noexcept;

    /// The buffer in a slot; of size 0 when the slot is empty.
    [[nodiscard]] registered_buffer operator[](std::uint32_t index) const noexcept;
    /// Slots.
    [[nodiscard]] std::uint32_t size() const noexcept;

private:
    explicit constexpr buffers(buffers_state* state) noexcept : state_(state) {}

    buffers_state* state_;
};

} // namespace rondo
