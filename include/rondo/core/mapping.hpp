// SPDX-License-Identifier: MIT
#pragma once

// mapping owns pages from mmap(2) and unmaps them. Not synchronised: one thread at a time.

#include <rondo/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rondo {

/// Pages of memory, or none. Move-only.
class mapping {
public:
    /// How fresh memory is to behave.
    struct traits {
        bool keep_from_children = false; ///< MADV_DONTFORK: a child does not have these pages
        bool wipe_in_children = false;   ///< MADV_WIPEONFORK: a child finds zeros. Linux 4.14
        bool huge = false;               ///< MAP_HUGETLB; ENOMEM where no huge page is free
    };

    constexpr mapping() noexcept = default;
    /// Adopts pages that mmap(2) returned.
    mapping(void* data, std::size_t bytes) noexcept : data_(data), bytes_(bytes) {}
    mapping(mapping&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    mapping& operator=(mapping&& other) noexcept {
        if (this != &other) {
            reset();
            data_ = std::exchange(other.data_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
        }
        return *this;
    }
    ~mapping() { reset(); }

    /// Zeroed private memory, `bytes` rounded up to whole pages. ENOMEM.
    [[nodiscard]] static result<mapping> anonymous(std::size_t bytes, traits how) noexcept;
    [[nodiscard]] static result<mapping> anonymous(std::size_t bytes) noexcept;
    /// Shared pages of `fd` at `offset`, kept from children. Whatever mmap(2) says.
    [[nodiscard]] static result<mapping> shared(int fd, std::size_t bytes,
                                                std::uint64_t offset) noexcept;

    /// Zeroed memory, `bytes` rounded up to whole pages, kept from children, of which again() makes
    /// more mappings. Whatever mmap(2) says.
    [[nodiscard]] static result<mapping> shareable(std::size_t bytes) noexcept;
    /// The first `bytes`, rounded up to whole pages, of shareable memory once more, kept from
    /// children. EINVAL when there are fewer, or none are wanted; else whatever mremap(2) says.
    [[nodiscard]] result<mapping> again(std::size_t bytes) const noexcept;

    [[nodiscard]] std::byte* data() const noexcept { return static_cast<std::byte*>(data_); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
    [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr; }

    /// Unmaps now.
    void reset() noexcept;
    /// Forgets the pages without unmapping them: for children that never had them.
    void forget() noexcept {
        data_ = nullptr;
        bytes_ = 0;
    }

private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

/// Bytes in a page, as sysconf(3) says.
[[nodiscard]] std::size_t page_size() noexcept;
/// `bytes` rounded up to a multiple of that; less than `bytes` when that does not fit.
[[nodiscard]] std::size_t whole_pages(std::size_t bytes) noexcept;

} // namespace rondo
