// SPDX-License-Identifier: MIT
// without_io_uring PROGRAM [ARGUMENTS...]: runs a program where io_uring is forbidden.
#include "seccomp.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: without_io_uring PROGRAM [ARGUMENTS...]\n", stderr);
        return 2;
    }
    if (!rondo::test::forbid_io_uring(EPERM)) {
        std::fputs("without_io_uring: seccomp(2) lets this process have no filter\n", stderr);
        return 1;
    }
    ::execvp(argv[1], argv + 1);
    std::perror(argv[1]);
    return 127;
}
