// SPDX-License-Identifier: MIT
#pragma once

// Direct descriptors: operations that open a file can put it into the ring's registered table
// instead of the process's. slot_source says where, owned_slot is the slot that comes out. Both are
// data and functions that the table supplies. One thread: the ring's.

#include <rondo/abi/flags.hpp>
#include <rondo/op/target.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

/// What a table of registered files does for the slots it hands out.
struct slot_table_functions {
    /// Empties the slot, which closes the file once no operation uses it.
    void (*release)(void* table, std::uint32_t index) noexcept;
};

/// A filled slot of a registered table, emptied by the destructor. Move-only.
class owned_slot {
public:
    constexpr owned_slot() noexcept = default;
    /// For tables, and for raw use with `functions` null: the slot is then not emptied.
    constexpr owned_slot(slot_table_functions const* functions, void* table,
                         std::uint32_t index) noexcept
        : functions_(functions), table_(table), index_(index), filled_(true) {}
    constexpr owned_slot(owned_slot&& other) noexcept
        : functions_(other.functions_), table_(other.table_), index_(other.index_),
          filled_(std::exchange(other.filled_, false)) {}
    owned_slot& operator=(owned_slot&& other) noexcept {
        if (this != &other) {
            reset();
            functions_ = other.functions_;
            table_ = other.table_;
            index_ = other.index_;
            filled_ = std::exchange(other.filled_, false);
        }
        return *this;
    }
    ~owned_slot() { reset(); }

    [[nodiscard]] constexpr std::uint32_t index() const noexcept { return index_; }
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return filled_; }
    /// For operations: `op::read{.fd = slot, ...}`.
    operator fd_ref() const& noexcept { return fd_ref::slot(index_); }
    operator fd_ref() const&& = delete; // would be emptied before the operation runs

    /// Gives the slot away without emptying it.
    [[nodiscard]] std::uint32_t release() noexcept {
        filled_ = false;
        return index_;
    }
    /// Empties the slot now.
    void reset() noexcept {
        if (std::exchange(filled_, false) && functions_ != nullptr)
            functions_->release(table_, index_);
    }

private:
    slot_table_functions const* functions_ = nullptr;
    void* table_ = nullptr;
    std::uint32_t index_ = 0;
    bool filled_ = false;
};

/// Where a new file goes: `op::openat{.path = p, .as = table.any_slot()}`. Linux 5.15
struct slot_source {
    /// The slot to fill, or abi::file_index_alloc to let the kernel choose (Linux 5.19).
    std::uint32_t index = abi::file_index_alloc;
    slot_table_functions const* functions = nullptr;
    void* table = nullptr;

    [[nodiscard]] constexpr bool chosen_by_kernel() const noexcept {
        return index == abi::file_index_alloc;
    }
    /// What goes into sqe.file_index.
    [[nodiscard]] constexpr std::uint32_t encoded() const noexcept {
        return chosen_by_kernel() ? index : index + 1;
    }
    /// The owner of what a successful completion filled; `res` is its index when the kernel chose.
    [[nodiscard]] owned_slot adopt(std::int32_t res) const noexcept {
        return {functions, table, chosen_by_kernel() ? static_cast<std::uint32_t>(res) : index};
    }
};

/// "As a descriptor of the process": what opening operations do when `.as` is not given.
struct plain_descriptor {};

} // namespace rondo
