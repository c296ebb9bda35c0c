// SPDX-License-Identifier: MIT
#pragma once

// Real descriptors that stand for what is only simulated, so that a program owns, copies and closes
// something real. Each is the writing end of a pipe whose reading end is here: once the program has
// closed the last copy of it, the pipe says so. What a number stands for is asked of the kernel,
// since a program may have closed it, and have it again as something else. One thread.

#include <rondo/core/fd.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file. A placeholder has an id, never used again and higher than those before
/// it, and any number of descriptors.
class placeholders {
public:
    struct made {
        long fd = -1; ///< or minus an errno
        std::uint64_t id = 0;
    };

    /// A new one, with a descriptor that the caller owns, CLOEXEC. That of a ring is asked about
    /// only once it is closed: nobody makes another file of it before.
    [[nodiscard]] made make(bool of_ring) noexcept;
    /// What `fd` is a descriptor of; 0: of none.
    [[nodiscard]] std::uint64_t id_of(int fd) noexcept;
    /// The program has run: its descriptors may be others.
    void doubt() noexcept { ++age_; }
    /// `fd` was closed here.
    void doubt(int fd) noexcept { known_.erase(fd); }
    /// Adds to `out`, in order, those whose last descriptor was closed since. Forgets them.
    void collect_closed(std::vector<std::uint64_t>& out) noexcept;

private:
    struct entry {
        unique_fd end;
        std::uint64_t inode; // of the pipe
    };
    struct knowledge {
        std::uint64_t age = 0; // that it is of; `always` for that of a ring
        std::uint64_t id = 0;
    };

    static constexpr std::uint64_t always = 0;

    std::unordered_map<std::uint64_t, entry> all_;
    std::unordered_map<std::uint64_t, std::uint64_t> by_inode_;
    std::unordered_map<int, knowledge> known_;
    std::uint64_t age_ = 1;
    std::uint64_t last_ = 0;
    unique_fd closings_; // an epoll set of the ends
};

} // namespace rondo::engine::simulation
