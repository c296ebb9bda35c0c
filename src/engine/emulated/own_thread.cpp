// SPDX-License-Identifier: MIT
#include "own_thread.hpp"

#include "calls.hpp"

#include <atomic>
#include <cstddef>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

namespace rondo::engine::emulation {
namespace {

constexpr std::size_t stack_bytes = 512 * 1024; // of address space; pages come when touched

void on_nudge(int) noexcept {}

enum class use : unsigned char { none, ours, others };

use use_of(int signal) noexcept {
    struct ::sigaction now{};
    if (::sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0)
        return use::others;
    if (now.sa_handler == &on_nudge)
        return use::ours;
    return now.sa_handler == SIG_DFL ? use::none : use::others;
}

/// 0 until one was chosen, -1 when there is none. Survives fork(2), as the handler does.
constinit std::atomic<int> chosen{0};

/// The signal of nudge(), which every thread must know when it starts: it is chosen then, and
/// installed when it is first needed.
int nudge_signal() noexcept {
    int known = chosen.load();
    if (known != 0)
        return known;
    int signal = SIGRTMAX - 1;
    while (signal >= SIGRTMIN && use_of(signal) != use::none)
        --signal;
    if (signal < SIGRTMIN)
        signal = -1;
    return chosen.compare_exchange_strong(known, signal) ? signal : known;
}

/// All but those that a thread raises by its own fault, which a debugger or sanitizer wants to see.
::sigset_t blocked_signals() noexcept {
    ::sigset_t set;
    ::sigfillset(&set);
    for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        ::sigdelset(&set, fault);
    if (int const ours = nudge_signal(); ours > 0)
        ::sigdelset(&set, ours);
    return set;
}

} // namespace

bool start_thread(void* (*body)(void*), void* argument) noexcept {
    ::pthread_attr_t how;
    if (::pthread_attr_init(&how) != 0)
        return false;
    ::pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    ::pthread_attr_setstacksize(&how, stack_bytes);
    ::sigset_t const blocked = blocked_signals();
    ::sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
    ::pthread_t unused{};
    bool const made = ::pthread_create(&unused, &how, body, argument) == 0;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_attr_destroy(&how);
    return made;
}

int name_thread(char const* name) noexcept {
    call(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);
    return static_cast<int>(call(SYS_gettid));
}

bool nudge(int tid) noexcept {
    int const signal = nudge_signal();
    if (signal < 0)
        return false;
    use const found = use_of(signal);
    if (found == use::others)
        return false;
    if (found == use::none) {
        struct ::sigaction ours{};
        ours.sa_handler = &on_nudge; // and no SA_RESTART
        ::sigfillset(&ours.sa_mask);
        if (::sigaction(signal, &ours, nullptr) != 0)
            return false;
    }
    return call(SYS_tgkill, call(SYS_getpid), tid, signal) == 0;
}

} // namespace rondo::engine::emulation
