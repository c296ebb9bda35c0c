// SPDX-License-Identifier: MIT
#pragma once

// Under AddressSanitizer, memory that the kernel writes is poisoned from an operation's start to
// its final completion, so whoever touches it meanwhile is found. Elsewhere nothing. One thread at
// a time.

#include <rondo/core/annotate.hpp>
#include <rondo/op/operation.hpp>

#include <cstddef>

namespace rondo {

/// What `o` has written by the kernel is the kernel's (`to_kernel`), or its owner's again.
template <op::operation Op>
[[gnu::always_inline]] inline void lend([[maybe_unused]] Op const& o,
                                        [[maybe_unused]] bool to_kernel) noexcept {
#if defined(RONDO_ASAN)
    if constexpr (requires { o.memory([](void const*, std::size_t, op::access) {}); })
        o.memory([to_kernel](void const* p, std::size_t bytes, op::access how) {
            if (how == op::access::writes)
                to_kernel ? annotate::lend(p, bytes) : annotate::take_back(p, bytes);
        });
#endif
}

} // namespace rondo
