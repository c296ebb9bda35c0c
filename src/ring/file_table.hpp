// SPDX-License-Identifier: MIT
#pragma once

// What a `files` keeps where it does not move: which slots are taken, and the way to the kernel.
// Slots name their table by a token that is never used twice, so that those which outlive it find
// nothing instead of freed memory. One thread: the ring's; the tokens' list any thread.

#include <rondo/core/result.hpp>
#include <rondo/op/slot.hpp>
#include <rondo/ring/registrar.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rondo {

class file_table {
public:
    /// Null for want of memory. The token is given out, nothing is registered yet.
    static file_table* create(registrar_ref registry, std::uint32_t slots) noexcept;
    file_table(file_table&&) = delete;
    ~file_table();

    [[nodiscard]] registrar_ref const& registry() const noexcept { return registry_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint32_t free_slots() const noexcept { return free_; }
    [[nodiscard]] bool is_taken(std::uint32_t index) const noexcept { return taken_[index]; }
    [[nodiscard]] std::uint32_t kernel_slots() const noexcept { return kernel_count_; }
    /// What operations and owned slots are given.
    [[nodiscard]] void* token() const noexcept;
    [[nodiscard]] static slot_table_functions const& functions() noexcept;

    /// The lowest free slot; slot_options::anywhere when there is none.
    [[nodiscard]] std::uint32_t find_free() noexcept;
    /// Notes that a slot is filled, or, if it is not the kernel's to choose, empty.
    void mark(std::uint32_t index, bool taken) noexcept;
    /// Whether every slot of the range is free or the kernel's already.
    [[nodiscard]] bool may_give_to_kernel(std::uint32_t first, std::uint32_t count) const noexcept;
    void give_to_kernel(std::uint32_t first, std::uint32_t count) noexcept;

    /// Registers the table, empty or with these files, by the newest way that the kernel knows.
    result<> enrol(std::span<int const> fds, std::span<std::uint64_t const> tags) noexcept;
    /// FILES_UPDATE2, or FILES_UPDATE where there is only that. Marks what was changed.
    result<std::uint32_t> update(std::uint32_t first, std::span<int const> fds,
                                 std::span<std::uint64_t const> tags) noexcept;

private:
    file_table(registrar_ref registry, std::uint32_t slots);
    result<std::uint32_t> call_update(std::uint32_t first, std::span<int const> fds,
                                      std::span<std::uint64_t const> tags) noexcept;
    [[nodiscard]] bool is_kernels(std::uint32_t index) const noexcept {
        return index - kernel_first_ < kernel_count_;
    }

    registrar_ref registry_;
    std::vector<bool> taken_;
    std::uint32_t size_;
    std::uint32_t free_;
    std::uint32_t lowest_ = 0; // no slot below it is free
    std::uint32_t kernel_first_ = 0;
    std::uint32_t kernel_count_ = 0;
    std::uintptr_t id_ = 0;
    bool enrolled_ = false;
    bool has_update2_ = false;
};

} // namespace rondo
