// SPDX-License-Identifier: MIT
#pragma once

// files: the table of files registered with a ring. Operations name a slot of it instead of a
// descriptor, which saves the kernel a look-up per operation, and files opened straight into it
// never become descriptors of the process. A ring has one table. One thread: the ring's.
//
//     auto table = rondo::files::create(ring, {.slots = 16, .kernel_slots = 16}).or_throw("files");
//     auto log = table.insert(std::move(fd)).or_throw("insert");       // an owned_slot
//     ring.run(op::write{.fd = log, .from = text});
//     auto data = ring.run(op::openat{.path = "data", .as = table.any_slot()});

#include <rondo/abi/registration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/slot.hpp>
#include <rondo/op/target.hpp>

#include <cstdint>
#include <span>
#include <utility>

namespace rondo {

class ring;
class file_table;

/// Sizes of a table; together at most RLIMIT_NOFILE and 2^20.
struct files_options {
    /// Slots that the library chooses from (insert) and the caller names (slot, insert at).
    std::uint32_t slots = 64;
    /// Slots behind those, which the kernel chooses from (any_slot). Linux 6.0
    std::uint32_t kernel_slots = 0;
};

/// Where a file goes, and how its end is told.
struct slot_options {
    static constexpr std::uint32_t anywhere = ~std::uint32_t{0};

    /// The slot; `anywhere`: a free one. A slot that is taken is refused.
    std::uint32_t at = anywhere;
    /// Not 0: a completion with this user_data says that the kernel let go of the file, after it
    /// left the slot and the last operation on it is over. Linux 5.13
    std::uint64_t tag = 0;
};

/// See the top of this file. Move-only; unregisters the table when it ends, which closes the files
/// that only the table holds, each once the last operation on it is over. Slots may outlive it:
/// they then own nothing any more.
class files {
public:
    /// Leaves a slot of update() as it is. Linux 5.12
    static constexpr int skip = abi::register_files_skip;

    /// A table of empty slots. Linux 5.1; with kernel_slots 6.0. EBUSY with cause::in_use: the ring
    /// has a table. EMFILE: more slots than RLIMIT_NOFILE or 2^20.
    [[nodiscard]] static result<files> create(ring& owner,
                                              files_options const& options = {}) noexcept;
    /// A table of these files, -1 for an empty slot. The descriptors stay the caller's: the table
    /// keeps the files open by itself. `tags` is empty, or one per slot as in slot_options, 0 for
    /// empty ones. EBADF: one of them is no open file, or is a ring; nothing is registered then.
    [[nodiscard]] static result<files> create(ring& owner, std::span<int const> fds,
                                              std::span<std::uint64_t const> tags = {}) noexcept;

    files(files&& other) noexcept : table_(std::exchange(other.table_, nullptr)) {}
    files& operator=(files&& other) noexcept;
    ~files();

    /// Puts a file into a slot; the descriptor stays the caller's, and may be closed. ENFILE: no
    /// free slot. EBUSY with cause::in_use: `where.at` is taken. EINVAL with cause::not_registered:
    /// it is outside the table.
    result<owned_slot> insert(int fd, slot_options const& where = {}) noexcept;
    /// The same, and closes the descriptor: the table alone has the file then. On failure it is
    /// closed too.
    result<owned_slot> insert(unique_fd fd, slot_options const& where = {}) noexcept;

    /// Replaces what is in the slots from `first` on: a descriptor, -1 to empty a slot, `skip` to
    /// leave it. `tags` is empty or one per slot. Returns how many were changed before the first
    /// that failed; an error only when that was the first of all. Linux 5.5
    result<std::uint32_t> update(std::uint32_t first, std::span<int const> fds,
                                 std::span<std::uint64_t const> tags = {}) noexcept;
    /// Empties a slot, filled or not; whoever owns it as an owned_slot must not any more.
    result<> release(std::uint32_t index) noexcept;

    /// "Wherever the kernel finds room", for operations that open files. Needs kernel_slots or
    /// alloc_range(). The operation says ENFILE when they are full. Linux 5.19
    [[nodiscard]] slot_source any_slot() noexcept;
    /// "Into this slot", for operations that open files; what is in it is replaced. From now on
    /// insert() leaves it alone, until its owned_slot or release() empties it. Linux 5.15
    [[nodiscard]] slot_source slot(std::uint32_t index) noexcept;

    /// Moves the slots that the kernel chooses from; none with a count of 0. Slots that come under
    /// the kernel must be free (EBUSY with cause::in_use). What leaves it may hold files that only
    /// their owners know of, so those slots count as taken until they are emptied. Linux 6.0
    result<> alloc_range(std::uint32_t first, std::uint32_t count) noexcept;

    /// A slot of the table, for operations.
    [[nodiscard]] fd_ref operator[](std::uint32_t index) const noexcept;
    /// Slots, of both kinds.
    [[nodiscard]] std::uint32_t size() const noexcept;
    /// Slots that insert() may still choose.
    [[nodiscard]] std::uint32_t free_slots() const noexcept;

private:
    explicit constexpr files(file_table* table) noexcept : table_(table) {}

    file_table* table_;
};

} // namespace rondo
