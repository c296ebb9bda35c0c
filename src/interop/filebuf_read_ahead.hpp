// SPDX-License-Identifier: MIT
#pragma once

// The reading half of a filebuf: the blocks of its file one after the other. As long as the page
// cache has them, a plain call copies each when it is needed. Once it has not, and the file was
// read in sequence so far, the next ones are read through the ring while the current one is used,
// until they turn out to be cached again; with a ring that was asked for, always. One thread.
//
//     slots      | current | in flight | in flight | in flight |
//     bytes      kept, data            ^ at                     ^ ahead

#include "filebuf_file.hpp"

#include <rondo/op/read.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rondo {

/// See the top of this file. The kernel writes to the memory of what is in flight: drop() comes
/// before the end.
class read_ahead {
public:
    /// Bytes of the block before that stay in front of each, to be put back.
    static constexpr std::size_t kept = 64;
    /// The first block after open and seeks; each later one has twice what was read since then.
    static constexpr std::size_t least_block = std::size_t{16} << 10;
    static constexpr std::size_t full_block = std::size_t{256} << 10;
    /// Reads of this size go past the blocks, into the caller's memory.
    static constexpr std::size_t direct = least_block;

    read_ahead() = default;
    read_ahead(read_ahead&&) = delete;
    ~read_ahead() { drop(); }

    /// From now on the only block is this memory. Not while blocks are in use.
    void use(char* memory, std::size_t size) noexcept;

    /// Where the current block begins; null before the first.
    [[nodiscard]] char* data() noexcept;
    /// Reads the next block of `file` to data() and returns its size, 0 at the end of the file.
    /// The `tail` bytes, at most `kept`, before `end` in the current one are copied in front of it,
    /// after a failure too. Returns how many were.
    struct answer {
        result<std::size_t> size;
        std::size_t tail;
    };
    answer next(filebuf_file& file, char const* end, std::size_t tail);

    /// Whether next() waits for the ring rather than for the file.
    [[nodiscard]] bool is_ahead() const noexcept { return in_flight_ != 0; }
    /// Whether read_directly() is the way to get `size` bytes now.
    [[nodiscard]] bool is_direct(std::size_t size) const noexcept;
    /// Reads into the caller's memory, all of it or less. EAGAIN: next() has more to give now.
    result<std::size_t> read_directly(filebuf_file& file, mutable_bytes into) noexcept;
    /// Copies what was read directly, up to `end`, in front of an empty block.
    std::size_t keep(char const* end, std::size_t tail);

    /// Waits for what is in flight and forgets it: a read of the page cache cannot be called back.
    void drop() noexcept;
    /// The file goes on elsewhere.
    void restart() noexcept;
    /// Gives the memory back. Nothing is in use any more.
    void end() noexcept;

private:
    static constexpr std::size_t depth = 3;
    /// After so many that were cached all along, blocks are read by plain calls again.
    static constexpr unsigned cached_streak = 8;

    struct slot {
        std::unique_ptr<char[]> memory;
        std::size_t capacity = 0; ///< without the kept bytes
        ticket<op::read<>> reading;
        [[nodiscard]] char* data() const noexcept { return memory.get() + kept; }
    };

    [[nodiscard]] slot& ahead_of_current(std::size_t n) noexcept {
        return slots_[(current_ + n) % slots_.size()];
    }
    [[nodiscard]] std::size_t block_size() const noexcept;
    [[nodiscard]] static bool make_room(slot& s, std::size_t size) noexcept;
    answer next_in_flight(filebuf_file& file, char const* end, std::size_t tail) noexcept;
    bool start(filebuf_file& file) noexcept;
    void submit_next(filebuf_file& file) noexcept;

    char* lent_ = nullptr; // the caller's only block
    std::size_t lent_size_ = 0;
    std::array<slot, depth + 1> slots_;
    std::size_t current_ = 0;
    std::size_t in_flight_ = 0;
    std::uint64_t ahead_ = 0;     // where the next submission reads
    std::uint64_t end_ = 0;       // of the file, when the reading ahead began
    std::uint64_t run_ = 0;       // bytes read in sequence
    std::size_t unasked_ = 0;     // read directly since the cache was asked, which costs a little
    unsigned streak_ = 0;         // submissions that were over at once
    shared_ring* ring_ = nullptr; // of what is in flight
};

} // namespace rondo
