// SPDX-License-Identifier: MIT
#pragma once

// System calls whose failure ends the benchmark. Any thread.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>

namespace bench {

/// What a system call returned; throws std::system_error "WHAT: message" when that is negative.
template <class T>
T checked(T answer, char const* what) {
    if (answer < 0)
        rondo::throw_error(rondo::error::last(rondo::attempt::none), what);
    return answer;
}

/// The same for a new descriptor, which the result owns.
[[nodiscard]] inline rondo::unique_fd owned(int fd, char const* what) {
    return rondo::unique_fd(checked(fd, what));
}

} // namespace bench
