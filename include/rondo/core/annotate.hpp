// SPDX-License-Identifier: MIT
#pragma once

// What the sanitizers cannot see by themselves: the kernel. Submitting hands memory to it, reaping
// takes memory back, possibly from another thread's submission. Under TSan both are marked on one
// key; under ASan memory that the kernel writes can be poisoned. Elsewhere this is nothing. Each
// file has its own copy of these functions, so that files with and without a sanitizer can meet in
// one program. Any thread.

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#define RONDO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RONDO_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define RONDO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RONDO_ASAN 1
#endif
#endif

#if defined(RONDO_TSAN)
extern "C" void __tsan_acquire(void* key);
extern "C" void __tsan_release(void* key);
#endif
#if defined(RONDO_ASAN)
extern "C" void __asan_poison_memory_region(void const volatile* p, std::size_t bytes);
extern "C" void __asan_unpoison_memory_region(void const volatile* p, std::size_t bytes);
extern "C" void* __asan_region_is_poisoned(void* p, std::size_t bytes);
#endif

namespace rondo::annotate {

#if defined(RONDO_TSAN)
inline char kernel_key;
#endif

/// Before the kernel is shown new submissions: pairs with reaping().
[[gnu::always_inline]] inline void submitting() noexcept {
#if defined(RONDO_TSAN)
    __tsan_release(&kernel_key);
#endif
}

/// After completions were seen: pairs with submitting().
[[gnu::always_inline]] inline void reaping() noexcept {
#if defined(RONDO_TSAN)
    __tsan_acquire(&kernel_key);
#endif
}

/// From here on only the kernel may touch these bytes.
static inline void lend([[maybe_unused]] void const* p,
                        [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(RONDO_ASAN)
    __asan_poison_memory_region(p, bytes);
#endif
}

/// The kernel has given these bytes back.
static inline void take_back([[maybe_unused]] void const* p,
                             [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(RONDO_ASAN)
    __asan_unpoison_memory_region(p, bytes);
#endif
}

/// False when ASan knows that some of these bytes are not the program's: freed, out of scope, or
/// lent to another operation.
[[nodiscard]] static inline bool is_alive([[maybe_unused]] void const* p,
                                          [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(RONDO_ASAN)
    return bytes == 0 || __asan_region_is_poisoned(const_cast<void*>(p), bytes) == nullptr;
#else
    return true;
#endif
}

} // namespace rondo::annotate
