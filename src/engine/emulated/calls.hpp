// SPDX-License-Identifier: MIT
#pragma once

// System calls as the kernel answers them: a value, or minus an errno. errno is not touched, and
// no interceptor of a sanitizer stands between: what is read or written is the caller's affair.
// A thread may have a simulated system answer in the kernel's place.

#include <rondo/abi/syscall.hpp>

#include <cstdint>
#include <span>
#include <sys/syscall.h>
#include <type_traits>

#include <linux/futex.h>

namespace rondo::engine::emulation {

struct outcome;
struct request;

/// Who answers in the kernel's place. It never lets a caller wait, but in epoll's calls.
class system_calls {
public:
    /// As syscall(2) with six arguments, but minus an errno for a failure.
    virtual long call(long number, long const (&words)[6]) noexcept = 0;
    /// Lets `r` sleep on words of memory until wake_word(): kept, or an answer. As
    /// FUTEX_WAIT_BITSET, or with `mask` 0 as futex_waitv(2). r.watcher takes it back.
    virtual outcome wait_for_words(request& r, std::span<::futex_waitv const> words,
                                   std::uint32_t mask) noexcept = 0;
    /// FUTEX_WAKE_BITSET: how many were woken.
    virtual long wake_word(std::uint32_t const* word, std::uint32_t count,
                           std::uint32_t mask) noexcept = 0;

protected:
    ~system_calls() = default;
};

/// Of this thread; null: the kernel itself answers.
inline constinit thread_local system_calls* other_system = nullptr;

template <class T>
[[gnu::always_inline]] inline long to_word(T value) noexcept {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<long>(value);
    else if constexpr (std::is_null_pointer_v<T>)
        return 0;
    else
        return static_cast<long>(value);
}

/// call(SYS_fsync, fd): the system call `number` with up to six arguments.
template <class... Arguments>
[[gnu::always_inline]] inline long call(long number, Arguments... arguments) noexcept {
    static_assert(sizeof...(Arguments) <= 6);
    long const words[6] = {to_word(arguments)...};
    if (other_system != nullptr) [[unlikely]]
        return other_system->call(number, words);
    return abi::call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

// Memory that a submission lent to the kernel is poisoned under ASan. What the kernel would read
// and write there, the engine does without being looked at.

template <class T>
[[nodiscard]] __attribute__((noinline, no_sanitize("address"))) T
read_lent(T const* from) noexcept {
    return *from;
}
template <class T>
__attribute__((noinline, no_sanitize("address"))) void write_lent(T* to, T value) noexcept {
    *to = value;
}

/// The number of an SQE as a pointer.
template <class T>
[[nodiscard]] inline T* pointer_to(std::uint64_t address) noexcept {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address));
}

} // namespace rondo::engine::emulation
