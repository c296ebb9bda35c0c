// SPDX-License-Identifier: MIT
#pragma once

// Bytes that wait to be taken, first in, first out: what is in a pipe or on its way through a
// socket. One thread.

#include "object.hpp"

#include <cstddef>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class byte_queue {
public:
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - taken_; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::byte const* data() const noexcept { return bytes_.data() + taken_; }

    /// Makes room for `count` more. Throws std::bad_alloc and has changed nothing.
    void reserve(std::size_t count);
    /// Adds `count` bytes of `from`, which has as many. Throws std::bad_alloc and has added none.
    void append(parts from, std::size_t count);
    void append(void const* from, std::size_t count);
    /// Copies up to `count` of the first bytes, which stay. Returns how many.
    std::size_t peek(parts into, std::size_t count) const noexcept;
    /// Forgets the first `count` bytes, or all when there are fewer.
    void drop(std::size_t count) noexcept;
    /// Forgets `count` bytes after the first `at`. All of them must be there.
    void drop_after(std::size_t at, std::size_t count) noexcept;

private:
    std::vector<std::byte> bytes_;
    std::size_t taken_ = 0; // at the front of bytes_, until it is worth moving the rest
};

} // namespace rondo::engine::simulation
