// SPDX-License-Identifier: MIT
#include <rondo/core/word_lock.hpp>

namespace rondo {
namespace {

/// Looks at a held lock before sleeping: somewhat longer than a system call that does not block.
constexpr int most_looks = 100;

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

} // namespace

void word_lock::take_slowly() noexcept {
    for (int i = 0; i < most_looks; ++i) {
        relax();
        std::uint32_t free = 0;
        if (load_relaxed(&word_) == 0 &&
            __atomic_compare_exchange_n(&word_, &free, held, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return;
    }
    // Who has slept takes it as contended: others may sleep still.
    std::uint64_t slept = 0;
    while (__atomic_exchange_n(&word_, contended, __ATOMIC_ACQUIRE) != 0) {
        futex_wait(&word_, contended);
        ++slept;
    }
    slept_ += slept;
}

} // namespace rondo
