// SPDX-License-Identifier: MIT
#pragma once

// The writing half of a filebuf: an area to be filled, and behind it at most one full block that
// the ring writes meanwhile, so that what is written stays in order. The kernel has a thread of its
// own write that block, which costs more than a plain write to the page cache and wins where
// writing waits: so it is done when blocks have turned out to be slow, or a ring was asked for.
// What could not be written stays: give() and finish() try it again. One thread.

#include "filebuf_file.hpp"

#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace rondo {

/// See the top of this file. The kernel reads the memory of what is in flight: drop() comes before
/// the end.
class write_behind {
public:
    /// The first area of a file; each later one is four times as large.
    static constexpr std::size_t least_block = std::size_t{16} << 10;
    /// Ten pieces of 64 KiB: half of the caches next to a CPU, and a tenth of the system calls of
    /// programs that write such pieces.
    static constexpr std::size_t full_block = std::size_t{640} << 10;

    write_behind() = default;
    write_behind(write_behind&&) = delete;
    ~write_behind() { drop(); }

    /// From now on the only area is this memory; of size 0: there is none. Not while it is in use.
    void use(char* memory, std::size_t size) noexcept;

    /// What is to be filled; the same until give(). Throws std::bad_alloc.
    [[nodiscard]] std::span<char> area();
    /// Takes over the first `filled` bytes of the area. On failure `filled` says how many of them
    /// are left, at its beginning now.
    result<> give(filebuf_file& file, std::size_t& filled) noexcept;
    /// Writes them and all that was given before.
    result<> finish(filebuf_file& file, std::size_t& filled) noexcept;
    /// finish(), then writes what is not in the area. `written` counts, before a failure too.
    result<> write_directly(filebuf_file& file, const_bytes from, std::size_t& filled,
                            std::size_t& written) noexcept;
    /// Whether write_directly() is the way to write `size` bytes.
    [[nodiscard]] bool is_direct(std::size_t size) const noexcept;

    /// Waits for what is in flight, and forgets what could not be written.
    void drop() noexcept;
    /// drop(), and gives the memory back.
    void end() noexcept;

private:
    /// A block that was given.
    struct slot {
        std::unique_ptr<char[]> memory;
        std::size_t capacity = 0;
        std::size_t size = 0;    ///< of what was given; 0: none
        std::size_t written = 0; ///< of that
        std::uint64_t at = 0;
    };

    static bool make_room(slot& s, std::size_t size) noexcept;
    [[nodiscard]] bool hands_off(filebuf_file const& file) noexcept;
    bool submit(filebuf_file& file, std::size_t filled) noexcept;
    result<> settle(filebuf_file& file) noexcept;
    static result<> write_area(filebuf_file& file, char* data, std::size_t& filled) noexcept;

    /// A plain write of a full block that took as long was slow; once can be chance.
    static constexpr std::int64_t slow_ns = 5'000'000;
    static constexpr unsigned slow_streak = 2;
    /// Blocks that go to the ring before a plain write is tried again.
    static constexpr unsigned patience = 16;

    bool is_lent_ = false;
    std::span<char> lent_; // the caller's only area
    std::size_t block_ = least_block;
    slot area_;
    slot behind_;
    ticket<op::write<>> writing_; // of behind_
    bool in_flight_ = false;
    unsigned slow_ = 0;           // plain writes in a row that were
    unsigned handed_ = 0;         // blocks since they were
    shared_ring* ring_ = nullptr; // of what is in flight
};

} // namespace rondo
