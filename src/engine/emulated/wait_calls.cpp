// SPDX-License-Identifier: MIT
// The operations that wait for other threads and processes: futexes and children.
#include "calls.hpp"
#include "child_watch.hpp"
#include "descriptors.hpp"
#include "families.hpp"
#include "futex_watch.hpp"
#include "user_memory.hpp"
#include "watch.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <sys/epoll.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3 // Linux 5.4
#endif

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t size_mask = 3;        // FUTEX2_SIZE_MASK
constexpr std::uint32_t size_u32 = 2;         // FUTEX2_SIZE_U32
constexpr std::size_t most_words = 128;       // FUTEX_WAITV_MAX
constexpr long nr_pidfd_open = 434;           // Linux 5.3
constexpr int no_thread_option = 0x2000'0000; // __WNOTHREAD

/// As before Linux 6.16, which knows nodes of memory too.
bool are_flags(std::uint32_t flags) noexcept {
    return (flags & ~(size_mask | FUTEX_PRIVATE_FLAG)) == 0 && (flags & size_mask) == size_u32;
}

bool is_word(std::uint64_t value) noexcept { return value >> 32 == 0; }

std::int32_t check_futex(abi::sqe const& entry) noexcept {
    bool const plain = entry.len == 0 && entry.futex_flags == 0 && entry.buf_index == 0 &&
                       entry.file_index == 0 && entry.ioprio == 0;
    bool const sound = are_flags(static_cast<std::uint32_t>(entry.fd)) && is_word(entry.addr2) &&
                       is_word(entry.addr3);
    return plain && sound ? 0 : -EINVAL;
}

outcome attempt_futex_wait(request& r, bool) noexcept {
    abi::sqe const& s = r.sqe();
    ::futex_waitv const waiter{.val = s.addr2,
                               .uaddr = s.addr,
                               .flags = static_cast<std::uint32_t>(s.fd),
                               .__reserved = 0};
    return watch_futex(r, waiter, static_cast<std::uint32_t>(s.addr3));
}

outcome attempt_futex_wake(request& r, bool) noexcept {
    abi::sqe const& s = r.sqe();
    return outcome::answer(
        wake_futex(pointer_to<std::uint32_t const>(s.addr), static_cast<std::uint32_t>(s.addr2),
                   static_cast<std::uint32_t>(s.addr3), static_cast<std::uint32_t>(s.fd)));
}

std::span<::futex_waitv const> waiters_of(abi::sqe const& entry) noexcept {
    return {pointer_to<::futex_waitv const>(entry.addr), entry.len};
}

std::int32_t check_futex_waitv(abi::sqe const& entry) noexcept {
    bool const plain = entry.fd == 0 && entry.buf_index == 0 && entry.file_index == 0 &&
                       entry.addr2 == 0 && entry.futex_flags == 0 && entry.addr3 == 0 &&
                       entry.ioprio == 0;
    if (!plain || entry.len == 0 || entry.len > most_words)
        return -EINVAL;
    if (!is_mapped(entry.addr, entry.len * sizeof(::futex_waitv)))
        return -EFAULT;
    for (::futex_waitv const& waiter : waiters_of(entry))
        if (!are_flags(waiter.flags) || waiter.__reserved != 0 || !is_word(waiter.val))
            return -EINVAL;
    return 0;
}

bool keep_futex_waitv(request& r) noexcept {
    std::span const waiters = waiters_of(r.sqe());
    void const* const copy = r.copy(waiters.data(), waiters.size_bytes());
    if (copy == nullptr)
        return false;
    r.sqe().addr = reinterpret_cast<std::uintptr_t>(copy);
    return true;
}

outcome attempt_futex_waitv(request& r, bool) noexcept {
    return watch_futexes(r, waiters_of(r.sqe()));
}

std::int32_t check_waitid(abi::sqe const& entry) noexcept {
    bool const plain = entry.addr == 0 && entry.buf_index == 0 && entry.addr3 == 0 &&
                       entry.waitid_flags == 0 && entry.ioprio == 0;
    return plain ? 0 : -EINVAL;
}

/// A pidfd that must not be waited for: as WNOHANG.
bool is_impatient(int which, int pidfd) noexcept {
    if (which != P_PIDFD)
        return false;
    long const flags = call(SYS_fcntl, pidfd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/// A pidfd of the request's own, which is readable once the process has ended; -1: not to be had.
int hold_process(int which, int id) noexcept {
    return static_cast<int>(which == P_PIDFD ? duplicate(id) : call(nr_pidfd_open, id, 0));
}

outcome attempt_waitid(request& r, bool) noexcept {
    abi::sqe const& s = r.sqe();
    int const which = static_cast<int>(s.len);
    int const id = which == P_PIDFD && r.own ? r.own.get() : s.fd;
    int options = static_cast<int>(s.file_index);
    if (r.progress != 0) // what was the submitter's alone is anyone's now
        options &= ~no_thread_option;
    ::siginfo_t mine{};
    auto* const into = s.addr2 != 0 ? pointer_to<::siginfo_t>(s.addr2) : &mine;
    long const answer = call(SYS_waitid, which, id, into, options | WNOHANG, nullptr);
    if (answer < 0)
        return outcome::answer(answer);
    if (read_lent(&into->si_signo) != 0 || (options & WNOHANG) != 0 || is_impatient(which, id))
        return outcome::answer(0);
    bool const was_ready = r.progress++ != 0;
    if (which != P_PID && which != P_PIDFD)
        return watch_children(r, which, id, options & ~no_thread_option);
    if (!r.own)
        r.own.reset(hold_process(which, id));
    // A pidfd shows the end only; and an end that waitid does not see yet, as it may be with a
    // process that is traced, is not waited for there again.
    if (r.own && !was_ready && (options & (WSTOPPED | WCONTINUED)) == 0) {
        r.fd = r.own.get();
        return outcome::until(EPOLLIN);
    }
    return watch_children(r, which, which == P_PIDFD && r.own ? r.own.get() : id,
                          options & ~no_thread_option);
}

constexpr operation futex_wait{.check = check_futex,
                               .attempt = attempt_futex_wait,
                               .take_back = watch::take_back,
                               .on_ring = true};
constexpr operation futex_wake{.check = check_futex, .attempt = attempt_futex_wake};
constexpr operation futex_waitv{.check = check_futex_waitv,
                                .keep = keep_futex_waitv,
                                .attempt = attempt_futex_waitv,
                                .take_back = watch::take_back,
                                .on_ring = true};
constexpr operation waitid{.check = check_waitid,
                           .attempt = attempt_waitid,
                           .take_back = watch::take_back,
                           .on_ring = true};

} // namespace

operation const* find_wait(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::futex_wait: return &futex_wait;
    case abi::opcode::futex_wake: return &futex_wake;
    case abi::opcode::futex_waitv: return has_futex_waitv() ? &futex_waitv : nullptr;
    case abi::opcode::waitid: return &waitid;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
