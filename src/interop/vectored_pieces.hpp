// SPDX-License-Identifier: MIT
#pragma once

// What gathering and scattering have in common beside the descriptor: pieces of any form as iovecs,
// a window at a time, and failures that count what was moved before them. One thread.

#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>

#include <limits.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace rondo {

/// The same failure, with the bytes moved before it as its detail.
[[nodiscard]] inline std::unexpected<error> after_bytes(error const& e,
                                                        std::size_t moved) noexcept {
    return fail(e.code(), e.attempted(), e.why(), e.detail() != 0 ? e.detail() : moved);
}

[[nodiscard]] inline ::iovec as_iovec(const_bytes b) noexcept {
    return {const_cast<void*>(b.data()), b.size()};
}
[[nodiscard]] inline ::iovec as_iovec(mutable_bytes b) noexcept { return {b.data(), b.size()}; }
[[nodiscard]] inline ::iovec as_iovec(::iovec const& v) noexcept { return v; }

/// Moves all pieces, in windows of IOV_MAX; `move(window, done)` takes off the window what it has
/// moved, and leaves something only when it fails or the input has ended.
template <class Piece, class Move>
result<std::size_t> move_windows(std::span<Piece const> pieces, Move move) noexcept {
    std::size_t done = 0;
    while (!pieces.empty()) {
        ::iovec memory[IOV_MAX];
        std::size_t count = 0;
        std::size_t taken = 0;
        for (; taken < pieces.size() && count < IOV_MAX; ++taken)
            if (::iovec const part = as_iovec(pieces[taken]); part.iov_len != 0)
                memory[count++] = part;
        pieces = pieces.subspan(taken);
        std::span<::iovec> window(memory, count);
        if (result<> const moved = move(window, done); !moved)
            return after_bytes(moved.error(), done);
        if (!window.empty())
            break;
    }
    return done;
}

} // namespace rondo
