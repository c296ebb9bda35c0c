// SPDX-License-Identifier: MIT
#include <rondo/core/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace rondo {

void contract_broken(char const* message, char const* file, int line) noexcept {
    std::fprintf(stderr, "rondo: %s (%s:%d)\n", message, file, line);
    std::fflush(stderr);
    std::abort();
}

} // namespace rondo
