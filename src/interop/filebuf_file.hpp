// SPDX-License-Identifier: MIT
#pragma once

// The open file under a filebuf: plain transfers, at first at the offset that the descriptor has;
// at a position of its own from when it is known that the file has positions. One thread.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo {

class shared_ring;

/// See the top of this file.
struct filebuf_file {
    unique_fd fd;
    std::uint64_t at = 0;       ///< of the next transfer, if `positional`
    bool positional = false;    ///< known to be a regular file or a block device
    bool appends = false;       ///< O_APPEND: writes go to the end, wherever `at` is
    bool tells_cached = false;  ///< read_cached() can be asked
    shared_ring* own = nullptr; ///< the ring that was asked for; null: the default one

    /// open(2). Leaves the file closed on failure.
    result<> open(char const* path, int flags) noexcept;
    /// close(2). EIO, ENOSPC, EDQUOT: data that was written may be lost.
    result<> close() noexcept;

    /// Whether the file has positions: it is looked at when this is first asked, so that small
    /// files cost no call for it.
    bool is_positional() noexcept;

    /// What is there, up to the size of `into`; 0 at the end. Waits for it; moves on.
    result<std::size_t> read(mutable_bytes into) noexcept;
    /// The same, but fails with EAGAIN rather than wait for a disk. For positional files; clears
    /// tells_cached and answers EAGAIN where the file system cannot tell.
    result<std::size_t> read_cached(mutable_bytes into) noexcept;
    /// Writes all of `from` and moves on; `written` counts, before a failure too.
    result<> write(const_bytes from, std::size_t& written) noexcept;
    /// The same at `place`, which does not move anything; at the end in a file that appends.
    result<> write_at(const_bytes from, std::uint64_t place, std::size_t& written) noexcept;
    /// After writes to the end: `at` is behind them.
    result<> follow_append() noexcept;

    /// Where the next transfer begins. ESPIPE where there are no positions.
    [[nodiscard]] result<std::uint64_t> position() noexcept;
    /// lseek(2).
    result<std::uint64_t> seek(std::int64_t offset, int whence) noexcept;
    /// Undoes the reading of the last `bytes`.
    result<> step_back(std::size_t bytes) noexcept;
    /// Bytes of a positional file; 0 when it cannot say.
    [[nodiscard]] std::uint64_t size() const noexcept;
    /// Bytes that can be read without waiting, as far as that is known.
    [[nodiscard]] std::size_t ready() noexcept;

    /// The ring for blocks; null when there is none, which plain calls make up for.
    [[nodiscard]] shared_ring* ring() const noexcept;

private:
    bool looked_at_ = false;
};

} // namespace rondo
