// SPDX-License-Identifier: MIT
#pragma once

// block_copier: copies a range of bytes between two files with many reads and writes in flight. One
// thread.

#include <rondo/core/result.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rondo {

/// See the top of this file. Neither copied nor moved.
class block_copier {
public:
    static constexpr std::size_t most_blocks = 16;
    static constexpr std::size_t block_size = 256 * 1024;

    /// At most `depth` blocks in flight: one where the order of the writes counts.
    block_copier(shared_ring& on, int from, int to, std::size_t depth) noexcept
        : ring_(&on), from_(from), to_(to), depth_(depth) {}
    block_copier(block_copier&&) = delete;
    /// Cancels what is in flight, and waits for it.
    ~block_copier();

    /// Copies the bytes from `begin` to `end` to the same place. Returns where the source ended, or
    /// else `end`. ENOMEM, and the errors of read(2) and write(2).
    result<std::uint64_t> copy(std::uint64_t begin, std::uint64_t end) noexcept;

private:
    enum class step : std::uint8_t { idle, reading, writing };
    struct block {
        step now = step::idle;
        std::uint64_t at = 0;     ///< in both files
        std::size_t size = 0;     ///< bytes to copy from there
        std::size_t finished = 0; ///< of these, read or written
        std::unique_ptr<std::byte[]> memory;
        ticket<op::read<>> reading;
        ticket<op::write<>> writing;
    };

    result<> start(block& b, std::uint64_t at, std::size_t size) noexcept;
    result<> submit(block& b) noexcept;
    result<> go_on(block& b) noexcept;

    shared_ring* ring_;
    int from_;
    int to_;
    std::size_t depth_;
    std::uint64_t source_end_ = 0;
    std::array<block, most_blocks> blocks_;
};

} // namespace rondo
