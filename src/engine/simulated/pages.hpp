// SPDX-License-Identifier: MIT
#pragma once

// The bytes of one file, in pages of memory. What was never written is a hole: it takes no room and
// reads as zeros. One thread.

#include "object.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace rondo::engine::simulation {

/// The room that all files of a tree share, in bytes. Each file takes whole pages of it.
struct disk_space {
    std::uint64_t capacity = std::uint64_t{1} << 30;
    std::uint64_t used = 0;
};

/// See the top of this file. It knows nothing of the file's size: what lies beyond must be cut off
/// when the file gets shorter. Positions and lengths are in bytes and not negative.
class pages {
public:
    static constexpr std::size_t page_bytes = 4096;

    explicit pages(std::shared_ptr<disk_space> room) noexcept : room_(std::move(room)) {}
    pages(pages const&) = delete;
    pages& operator=(pages const&) = delete;
    ~pages();

    /// Copies `bytes` bytes from `at` on into the parts.
    void read(std::uint64_t at, std::size_t bytes, parts into) const noexcept;
    /// Takes `bytes` bytes from the parts: how many there was room for; -ENOSPC or -ENOMEM if that
    /// was for none.
    long write(std::uint64_t at, std::size_t bytes, parts from) noexcept;
    /// Takes room for what has none in [from, to): 0, -ENOSPC or -ENOMEM, and then nothing changed.
    long reserve(std::uint64_t from, std::uint64_t to) noexcept;
    /// [from, to) reads as zeros and was never written; if asked, whole pages in it give their room
    /// back.
    void clear(std::uint64_t from, std::uint64_t to, bool give_back) noexcept;

    /// Where the first written page at or after `at` begins, or `at` inside it; `end` if that is
    /// not before `end`.
    [[nodiscard]] std::uint64_t next_data(std::uint64_t at, std::uint64_t end) const noexcept;
    /// The same of what was not written.
    [[nodiscard]] std::uint64_t next_hole(std::uint64_t at, std::uint64_t end) const noexcept;
    /// The room that is taken.
    [[nodiscard]] std::uint64_t taken() const noexcept { return pages_.size() * page_bytes; }

private:
    using page = std::array<std::byte, page_bytes>;

    [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept;
    /// The page to write to; throws std::bad_alloc. Null: there is no room.
    page* writable(std::uint64_t index);
    void zero(std::uint64_t from, std::uint64_t to) noexcept;

    std::shared_ptr<disk_space> room_;
    std::map<std::uint64_t, std::unique_ptr<page>> pages_; // null: reserved and never written
};

} // namespace rondo::engine::simulation
