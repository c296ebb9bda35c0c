// SPDX-License-Identifier: MIT
#pragma once

// shared_files and shared_buffers: tables of registered files and memory that are the same on every
// shard of a shared_ring, so that a slot means the same to every thread on every CPU. Making one
// makes all shards. Any thread, at any time; the ring outlives them.
//
//     auto table = rondo::shared_files::create(shared, {.slots = 16}).or_throw("files");
//     auto log = table.insert(std::move(fd)).or_throw("insert");       // an owned_slot
//     shared.run(op::write{.fd = log, .from = text});                  // any thread

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/slot.hpp>
#include <rondo/op/target.hpp>
#include <rondo/ring/buffers.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

class shared_ring;
struct shared_files_state;
struct shared_buffers_state;

/// See the top of this file. Move-only; what it still holds is let go of when it ends. Slots that
/// the kernel chooses are a ring's own: for those use files on a ring, or a shared_ring of one
/// shard and descriptors.
class shared_files {
public:
    /// A table of `slots` empty slots, at most RLIMIT_NOFILE and 2^20. Linux 5.5. EBUSY with
    /// cause::in_use: the ring has a table. EMFILE: too many slots. Errors of ring::create, when a
    /// shard cannot be made.
    [[nodiscard]] static result<shared_files> create(shared_ring& owner,
                                                     std::uint32_t slots = 64) noexcept;

    shared_files(shared_files&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    shared_files& operator=(shared_files&& other) noexcept;
    ~shared_files();

    /// Puts a file into a free slot; the descriptor stays the caller's, and may be closed. ENFILE:
    /// no free slot. EBADF: no open file. ECHILD with cause::forked in a child of fork. Emptying
    /// the slot it returns may happen on any thread.
    result<owned_slot> insert(int fd) noexcept;
    /// The same, and closes the descriptor, on failure too.
    result<owned_slot> insert(unique_fd fd) noexcept;
    /// Empties a slot; whoever owns it as an owned_slot must not any more.
    result<> release(std::uint32_t index) noexcept;

    /// A slot of the table, for operations.
    [[nodiscard]] static fd_ref slot(std::uint32_t index) noexcept { return fd_ref::slot(index); }
    [[nodiscard]] std::uint32_t size() const noexcept;
    /// 0 in a child of fork.
    [[nodiscard]] std::uint32_t free_slots() const noexcept;

private:
    explicit constexpr shared_files(shared_files_state* state) noexcept : state_(state) {}

    shared_files_state* state_;
};

/// See the top of this file. Move-only; the kernel keeps the pages until the last operation on them
/// is over.
class shared_buffers {
public:
    /// A table with memory of the library's own: see buffers::create.
    [[nodiscard]] static result<shared_buffers> create(shared_ring& owner,
                                                       buffers_options const& options) noexcept;
    /// A table of the caller's memory, which must stay until the table ends.
    [[nodiscard]] static result<shared_buffers> create(shared_ring& owner, iovecs memory) noexcept;

    shared_buffers(shared_buffers&& other) noexcept
        : state_(std::exchange(other.state_, nullptr)) {}
    shared_buffers& operator=(shared_buffers&& other) noexcept;
    ~shared_buffers();

    /// The buffer in a slot.
    [[nodiscard]] registered_buffer operator[](std::uint32_t index) const noexcept;
    [[nodiscard]] std::uint32_t size() const noexcept;

private:
    explicit constexpr shared_buffers(shared_buffers_state* state) noexcept : state_(state) {}
    template <class Make>
    static result<shared_buffers> make(shared_ring& owner, Make const& make_one) noexcept;

    shared_buffers_state* state_;
};

} // namespace rondo
