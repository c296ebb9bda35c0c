// SPDX-License-Identifier: MIT
#pragma once

// shard_enter: the system call of an operation of a shared_ring, made in its caller's own frame. A
// processor comes back from the kernel with a return stack that is not the program's any more; the
// first return through a frame that is older than the call then costs 100 ns and more (seen on
// AMD's Zen under the kernel's "safe RET"), a third of what a NOP takes. Calls made after it are
// not affected. So what comes before the call and what comes after it are functions, and the call
// itself is inline, up to the program's own loop. One thread.

#include <rondo/abi/syscall.hpp>
#include <rondo/core/annotate.hpp>

#include <cstdint>

namespace rondo {

class shard;

/// What io_uring_enter(2) is called with, under the lock of a shard.
struct shard_enter {
    shard* where = nullptr; ///< null: no call can be made; nothing was done, no lock is held
    std::int32_t fd = -1;
    std::uint16_t count = 0; ///< SQEs, of which there are 2^15 at most
    std::uint16_t flags = 0; ///< those of abi::enter that fit

    [[gnu::always_inline]] long make() const noexcept {
        annotate::submitting();
        long const answer = abi::call_enter(fd, count, 0, flags, nullptr, 0);
        annotate::reaping();
        return answer;
    }
};

} // namespace rondo
