// SPDX-License-Identifier: MIT
#pragma once

// word_lock: a lock in one word, for what is held shortly. Any thread.

#include <rondo/core/futex.hpp>
#include <rondo/core/word.hpp>

#include <cstdint>

namespace rondo {

/// A lock that is held for a few hundred instructions or one non-blocking system call. Who finds it
/// held looks again a bounded number of times, then sleeps. Steps of tests/model/lock.pml.
class word_lock {
public:
    [[gnu::always_inline]] void take() noexcept {
        std::uint32_t free = 0;
        // Partner: let_go's release.
        if (!__atomic_compare_exchange_n(&word_, &free, held, false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED)) [[unlikely]]
            take_slowly();
    }
    [[gnu::always_inline]] void let_go() noexcept {
        // Partner: take's acquire.
        if (__atomic_exchange_n(&word_, 0, __ATOMIC_RELEASE) == contended) [[unlikely]]
            futex_wake(&word_);
    }
    /// Times that a thread slept for it. Under the lock.
    [[nodiscard]] std::uint64_t slept() const noexcept { return slept_; }

private:
    static constexpr std::uint32_t held = 1;
    static constexpr std::uint32_t contended = 2; // held, and others may sleep
    [[gnu::noinline]] void take_slowly() noexcept;

    std::uint32_t word_ = 0;
    std::uint64_t slept_ = 0;
};

} // namespace rondo
