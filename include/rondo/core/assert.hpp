// SPDX-License-Identifier: MIT
#pragma once

// RONDO_ASSERT: what to do when the programmer broke a contract. It prints one line that says what
// was done wrong and aborts, in every build. Operating errors never come here: they are results.
// Any thread.

namespace rondo {

/// Writes "rondo: MESSAGE (FILE:LINE)" to standard error and aborts.
[[noreturn, gnu::cold]] void contract_broken(char const* message, char const* file,
                                             int line) noexcept;

} // namespace rondo

/// Aborts with `message` when `condition` is false. `message` says what the caller must do instead.
#define RONDO_ASSERT(condition, message)                                                           \
    do {                                                                                           \
        if (!(condition)) [[unlikely]]                                                             \
            ::rondo::contract_broken((message), __FILE__, __LINE__);                               \
    } while (false)
