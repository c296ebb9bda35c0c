// SPDX-License-Identifier: MIT
#pragma once

// The three system calls, made directly. Each returns what the kernel returns: a value, or minus an
// errno; errno itself is not touched. Any thread.

#include <cstddef>
#include <cstdint>

namespace rondo::abi {

inline constexpr long nr_setup = 425;
inline constexpr long nr_enter = 426;
inline constexpr long nr_register = 427;

/// By way of the C library, for processors without a direct form below.
long call_by_library(long number, long a, long b, long c, long d, long e, long f) noexcept;

[[gnu::always_inline]] inline long call(long number, long a, long b, long c, long d, long e,
                                        long f) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__) && !defined(__ILP32__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
    return call_by_library(number, a, b, c, d, e, f);
#endif
}

struct params;

/// io_uring_setup(2): a new ring's descriptor. `p` is read and written.
inline long call_setup(std::uint32_t entries, params* p) noexcept {
    return call(nr_setup, static_cast<long>(entries), reinterpret_cast<long>(p), 0, 0, 0, 0);
}

/// io_uring_enter(2): the number of SQEs taken. `flags` are abi::enter bits. Its integers are 32
/// bits wide on the kernel's side too, so where the registers are named they go in as they are.
[[gnu::always_inline]] inline long call_enter(int fd, std::uint32_t to_submit,
                                              std::uint32_t min_complete, std::uint32_t flags,
                                              void const* arg, std::size_t arg_size) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
    long result;
    register std::uint32_t r10 __asm__("r10") = flags;
    register void const* r8 __asm__("r8") = arg;
    register std::size_t r9 __asm__("r9") = arg_size;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr_enter), "D"(fd), "S"(to_submit), "d"(min_complete), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    return call(nr_enter, fd, static_cast<long>(to_submit), static_cast<long>(min_complete),
                static_cast<long>(flags), reinterpret_cast<long>(arg), static_cast<long>(arg_size));
#endif
}

/// io_uring_register(2): its meaning depends on `operation`, an abi::register_op.
inline long call_register(int fd, std::uint32_t operation, void* arg,
                          std::uint32_t count) noexcept {
    return call(nr_register, fd, static_cast<long>(operation), reinterpret_cast<long>(arg),
                static_cast<long>(count), 0, 0);
}

} // namespace rondo::abi
