// SPDX-License-Identifier: MIT
#pragma once

// System calls as the kernel answers them: a value, or minus an errno. errno is not touched, and
// no interceptor of a sanitizer stands between: what is read or written is the caller's affair.

#include <rondo/abi/syscall.hpp>

#include <cstdint>
#include <sys/syscall.h>
#include <type_traits>

namespace rondo::engine::emulation {

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
