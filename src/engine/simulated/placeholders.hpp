// SPDX-License-Identifier: MIT
#pragma once

// Real descriptors that stand for what is only simulated, so that a program owns and closes
// something real. Each is the writing end of a pipe whose reading end is here: once the program has
// closed the last copy of it, the pipe says so. One thread.

#include <rondo/core/fd.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class placeholders {
public:
    /// A new one, CLOEXEC, which the caller owns: its number, or minus an errno.
    [[nodiscard]] long make() noexcept;
    /// The one that `fd`, perhaps a copy, is; -1: none of them.
    [[nodiscard]] int original(int fd) const noexcept;
    /// Forgets `fd`, without closing the caller's end.
    void forget(int fd) noexcept;
    /// Adds to `out` those that were closed since, in the order they were made. Forgets them.
    void collect_closed(std::vector<int>& out) noexcept;

private:
    struct entry {
        unique_fd end;
        std::uint64_t order; // of making
        std::uint64_t inode; // of the pipe
    };

    std::unordered_map<int, entry> all_; // by the number the program has
    std::unordered_map<std::uint64_t, int> by_inode_;
    std::uint64_t made_ = 0;
    unique_fd closings_; // an epoll set of the ends
};

} // namespace rondo::engine::simulation
