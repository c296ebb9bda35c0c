// SPDX-License-Identifier: MIT
#pragma once

// A time for the kernel, the same on every architecture. Plain data: any thread may use it, one at
// a time per object, and none while a request in flight points at it.

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

/// A duration, or a time of a clock: seconds and nanoseconds, 64 bits each on 32-bit machines too.
struct timespec {
    std::int64_t tv_sec;
    std::int64_t tv_nsec; // 0 to 999'999'999
};
static_assert(sizeof(timespec) == 16 && offsetof(timespec, tv_nsec) == 8);

} // namespace rondo::abi
