// SPDX-License-Identifier: MIT
#pragma once

// Forbids io_uring, or a part of it, to the calling process and to what it executes, by a seccomp
// filter. For a child before exec, since it cannot be taken back.

#include <support/seccomp.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace rondo::test {

namespace seccomp {

inline constexpr std::uint32_t number_at = offsetof(::seccomp_data, nr);
inline constexpr std::uint32_t second_argument_at =
    offsetof(::seccomp_data, args) + sizeof(std::uint64_t) +
    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(std::uint32_t) : 0);

inline ::sock_filter load(std::uint32_t at) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at); }
/// Skips `yes` instructions when the loaded word is `value`, else `no`.
inline ::sock_filter if_equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}
inline ::sock_filter answer(std::uint32_t what) { return BPF_STMT(BPF_RET | BPF_K, what); }

template <std::size_t N>
void install(::sock_filter (&code)[N]) {
    ::sock_fprog const filter{static_cast<unsigned short>(N), code};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        ::_exit(126);
}

} // namespace seccomp

/// One operation of io_uring_register(2) answers EINVAL, as on kernels that do not have it.
inline void forget_registration(std::uint32_t operation) {
    using namespace seccomp;
    ::sock_filter code[] = {
        load(number_at),
        if_equal(SYS_io_uring_register, 0, 3),
        load(second_argument_at),
        if_equal(operation, 0, 1),
        answer(SECCOMP_RET_ERRNO | 22 /* EINVAL */),
        answer(SECCOMP_RET_ALLOW),
    };
    install(code);
}

} // namespace rondo::test
