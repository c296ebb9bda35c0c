// SPDX-License-Identifier: MIT
#pragma once

// Transfers by plain system calls, where a ring cannot win. Any thread.

#include <rondo/core/result.hpp>

#include <sys/types.h>

#include <cerrno>
#include <cstddef>

namespace rondo {

/// RWF_NOAPPEND of pwritev2(2): the position counts although the file was opened with O_APPEND.
/// Not in the headers of older systems. Linux 6.9
inline constexpr int no_append = 0x20;

/// A system call that moves bytes, again after EINTR.
template <class Call>
result<std::size_t> plainly(attempt what, Call const& call) noexcept {
    for (;;) {
        ::ssize_t const moved = call();
        if (moved >= 0)
            return static_cast<std::size_t>(moved);
        error const failure = error::last(what);
        if (failure != EINTR)
            return fail(failure);
    }
}

} // namespace rondo
