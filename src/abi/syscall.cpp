// SPDX-License-Identifier: MIT
#include <rondo/abi/syscall.hpp>
#include <rondo/core/error.hpp>

#include <unistd.h>

namespace rondo::abi {

long call_by_library(long number, long a, long b, long c, long d, long e, long f) noexcept {
    long const answer = ::syscall(number, a, b, c, d, e, f);
    return answer == -1 ? -error::last(attempt::none).code() : answer;
}

} // namespace rondo::abi
