// SPDX-License-Identifier: MIT
#pragma once

// file_registry: a table of registered files that finds the slot of a descriptor, and grows when it
// is full. For programs that go on thinking in descriptors; it is the ring's table, so there is no
// `files` beside it. One thread: the ring's.

#include <rondo/core/result.hpp>
#include <rondo/op/target.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

class ring;
struct file_registry_state;

/// See the top of this file. Move-only; unregisters everything when it ends.
class file_registry {
public:
    /// With room for `slots` files at first. Linux 5.5. EBUSY with cause::in_use: the ring has a
    /// table.
    [[nodiscard]] static result<file_registry> create(ring& owner,
                                                      std::uint32_t slots = 16) noexcept;

    file_registry(file_registry&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    file_registry& operator=(file_registry&& other) noexcept;
    ~file_registry();

    /// Registers a descriptor, unless it is already. It must stay open until remove(): when the
    /// table grows all are registered anew. Operations in flight go on undisturbed; do not submit
    /// others meanwhile, which only a poller could. EMFILE: more files than RLIMIT_NOFILE or 2^20;
    /// what was registered stays so.
    result<fd_ref> add(int fd) noexcept;
    /// Forgets a descriptor. ENOENT with cause::not_registered.
    result<> remove(int fd) noexcept;

    /// The descriptor's slot if it is registered, else the descriptor: good for operations in
    /// either case.
    [[nodiscard]] fd_ref find(int fd) const noexcept;
    /// Registered files.
    [[nodiscard]] std::uint32_t size() const noexcept;
    /// Files that there is room for without growing.
    [[nodiscard]] std::uint32_t capacity() const noexcept;

private:
    explicit constexpr file_registry(file_registry_state* state) noexcept : state_(state) {}

    file_registry_state* state_;
};

} // namespace rondo
