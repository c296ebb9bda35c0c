// SPDX-License-Identifier: MIT
#include "seccomp.hpp"

#include <rondo/abi/syscall.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <iterator>

namespace rondo::test {

bool forbid_io_uring(int code) {
    ::sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, static_cast<unsigned>(abi::nr_setup), 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, static_cast<unsigned>(abi::nr_register), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    ::sock_fprog const program{std::size(filter), filter};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

} // namespace rondo::test
