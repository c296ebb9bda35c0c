// SPDX-License-Identifier: MIT
#pragma once

// A regular file of a tree, in memory. It never waits. One thread.

#include "node.hpp"
#include "pages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class regular_file final : public node {
public:
    regular_file(world const& w, ::mode_t mode, std::shared_ptr<disk_space> room) noexcept
        : node(w, S_IFREG | mode), pages_(std::move(room)) {}

    [[nodiscard]] char const* kind() const noexcept override { return "file"; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    [[nodiscard]] std::uint64_t taken() const noexcept override { return pages_.taken(); }
    long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept override;
    long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept override;

    /// ftruncate(2) to `size` bytes, which is not negative.
    long resize(std::int64_t size) noexcept;
    /// fallocate(2) of at least one byte, with a mode that is known here: -EFBIG, -ENOSPC, -ENOMEM.
    long allocate(int mode, std::int64_t at, std::int64_t bytes) noexcept;
    /// Mode 0, KEEP_SIZE, PUNCH_HOLE with KEEP_SIZE, and ZERO_RANGE with or without KEEP_SIZE.
    [[nodiscard]] static bool can_allocate(int mode) noexcept;
    /// lseek(2) for SEEK_DATA and SEEK_HOLE: where that is, or -ENXIO.
    [[nodiscard]] long seek(std::int64_t at, bool data) const noexcept;

private:
    pages pages_;
    std::uint64_t size_ = 0; // at most what an off_t can hold
};

} // namespace rondo::engine::simulation
