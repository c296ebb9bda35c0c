// SPDX-License-Identifier: MIT
// expect: rondo: a ring was used in a child of fork
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    auto ring = rondo::ring::create({.entries = 8}).or_throw("ring");
    ring.run(rondo::op::nop{}).or_throw("nop");
    ::pid_t const child = ::fork();
    if (child == 0) {
        static_cast<void>(ring.submit());
        ::_exit(0);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFSIGNALED(status) ||
        WTERMSIG(status) != SIGABRT)
        return 1;
    ring.run(rondo::op::nop{}).or_throw("the parent's ring goes on");
    std::abort(); // as the child did
}
