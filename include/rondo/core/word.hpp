// SPDX-License-Identifier: MIT
#pragma once

// Loads and stores of words that the kernel reads and writes too. They are std::atomic_ref in all
// but name: <atomic> alone costs 0.27 s of compile time per file on g++ 12, most of this library's
// budget, so the compiler's own operations are used. Any thread.

#include <type_traits>

namespace rondo {

/// Partner of a store_release by the kernel: what it wrote before is visible after this.
template <class T>
[[gnu::always_inline]] inline T load_acquire(T const* word) noexcept {
    static_assert(std::is_integral_v<T>);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/// Partner of a load_acquire by the kernel: what was written before is visible to it after.
template <class T>
[[gnu::always_inline]] inline void store_release(T* word, T value) noexcept {
    static_assert(std::is_integral_v<T>);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/// For words that one side alone writes and that order nothing: flags that are only hints.
template <class T>
[[gnu::always_inline]] inline T load_relaxed(T const* word) noexcept {
    static_assert(std::is_integral_v<T>);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/// See load_relaxed().
template <class T>
[[gnu::always_inline]] inline void store_relaxed(T* word, T value) noexcept {
    static_assert(std::is_integral_v<T>);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/// A store that later sequentially consistent loads cannot overtake. A pair of these replaces a
/// full fence, which TSan does not model.
template <class T>
[[gnu::always_inline]] inline void store_seq_cst(T* word, T value) noexcept {
    static_assert(std::is_integral_v<T>);
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/// See store_seq_cst.
template <class T>
[[gnu::always_inline]] inline T load_seq_cst(T const* word) noexcept {
    static_assert(std::is_integral_v<T>);
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

} // namespace rondo
