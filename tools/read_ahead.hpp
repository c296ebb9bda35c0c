// SPDX-License-Identifier: MIT
#pragma once

// read_ahead reads a part of a file through a ring, several blocks in flight, and hands the blocks
// out in order. One thread, the ring's.

#include <rondo/core/mapping.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rondo::tools {

/// See the top of this file. Nothing else may be in flight on the ring.
class read_ahead {
public:
    static constexpr std::size_t block_size = 256 * 1024;
    static constexpr std::size_t depth = 8;
    static constexpr std::size_t memory_size = block_size * depth;

    /// Where the blocks are read to: memory_size bytes, borrowed until finish().
    struct buffer {
        std::byte* memory;
        bool registered; ///< as the first buffer of the ring's table
    };

    /// Reads [from, to) of `fd`, in bytes from the file's start.
    read_ahead(ring& on, buffer into, int fd, std::uint64_t from, std::uint64_t to) noexcept;
    read_ahead(read_ahead&&) = delete;

    /// The next bytes in order, good until the next call. Empty behind the last block, where the
    /// file turned out to be shorter, and where a read failed.
    [[nodiscard]] const_bytes next() noexcept;

    /// Waits until nothing is in flight. False when the ring failed before that: the memory is the
    /// kernel's until the ring is gone.
    [[nodiscard]] bool finish() noexcept;

private:
    struct slot {
        std::uint64_t at;   // bytes from the file's start
        std::size_t wanted; // bytes
        std::size_t filled;
        bool done;
    };

    void start_blocks() noexcept;
    void start_read(std::size_t index) noexcept;
    bool wait() noexcept;
    void complete(abi::cqe const& c) noexcept;

    ring& ring_;
    buffer buffer_;
    int fd_;
    std::uint64_t next_at_;
    std::uint64_t end_;
    std::array<slot, depth> slots_{};
    std::size_t started_ = 0;   // blocks, running; block n is in slot n % depth
    std::size_t delivered_ = 0; // blocks that next() handed out, the last one still in use
    std::size_t in_flight_ = 0;
    bool over_ = false;
};

} // namespace rondo::tools
