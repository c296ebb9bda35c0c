// SPDX-License-Identifier: MIT
#pragma once

// The table of registered files of one ring. It is used under the ring's lock; the files in it are
// shared with requests, and the last owner of one closes it on whatever thread that is.

#include "request.hpp"
#include "tag.hpp"

#include <rondo/core/fd.hpp>

#include <cstdint>
#include <vector>

namespace rondo::engine::emulation {

/// Tells descriptors of rings, which no table takes.
struct ring_test {
    bool (*is_ring)(void* who, int fd) noexcept = nullptr;
    void* who = nullptr;
};

/// See the top of this file. Calls answer as the kernel does: a value, or minus an errno.
class file_table {
public:
    /// Whom tags go to and which descriptors are rings. Before the first registration.
    void connect(tag_target const& tags, ring_test rings) noexcept;

    [[nodiscard]] bool exists() const noexcept { return !slots_.empty(); }
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(slots_.size());
    }
    /// The file in this slot; null when it is empty or outside the table.
    [[nodiscard]] shared_fd const* at(std::uint32_t index) const noexcept {
        return index < slots_.size() && slots_[index] ? &slots_[index] : nullptr;
    }

    /// Puts a new descriptor where sqe::file_index says: the slot's number plus one (what was there
    /// goes; answers 0), or abi::file_index_alloc (answers the slot). ENFILE, ENXIO, EINVAL, EBADF.
    /// `fd` is closed if it cannot be put there.
    long install(held_fd fd, std::uint32_t file_index) noexcept;
    /// Empties a slot. ENXIO, EINVAL, EBADF.
    long remove(std::uint32_t index) noexcept;

    /// Makes a table of `count` slots; `fds` null: empty ones. `tags` may be null.
    long enrol(std::int32_t const* fds, std::uint32_t count, std::uint64_t const* tags) noexcept;
    /// Changes slots; the number of those changed before the first that failed.
    long update(std::uint32_t first, std::int32_t const* fds, std::uint32_t count,
                std::uint64_t const* tags) noexcept;
    /// Finds slots for `fds` in the allocation range and writes down which.
    long update_anywhere(std::int32_t* fds, std::uint32_t count) noexcept;
    long unregister() noexcept;
    long set_range(std::uint32_t first, std::uint32_t count) noexcept;

private:
    struct registered_file;

    /// A copy of the caller's descriptor, ready for a slot, or why not.
    long take_copy(std::int32_t fd, std::shared_ptr<registered_file>& into) const noexcept;
    void fill(std::uint32_t index, shared_fd file) noexcept;
    void empty(std::uint32_t index) noexcept;
    /// A free slot of the range, or -ENFILE.
    [[nodiscard]] long find_free() noexcept;

    std::vector<shared_fd> slots_;
    tag_target tags_;
    ring_test rings_;
    std::uint32_t range_first_ = 0;
    std::uint32_t range_end_ = 0;
    std::uint32_t hint_ = 0; ///< where the search for a free slot starts
};

} // namespace rondo::engine::emulation
