// SPDX-License-Identifier: MIT
// Readiness, event counters and the clock.
#include "world.hpp"

#include "event_count.hpp"
#include "poll_set.hpp"

#include <rondo/abi/timespec.hpp>

#include <cerrno>
#include <fcntl.h>
#include <new>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>

namespace rondo::engine::simulation {
namespace {

constexpr long nr_epoll_pwait2 = 441;
constexpr std::int64_t second = 1'000'000'000;

std::shared_ptr<poll_set> find_set(world& w, long fd, long& failure) noexcept {
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(fd));
    auto set = file ? std::dynamic_pointer_cast<poll_set>(file->what) : nullptr;
    if (!set)
        failure = file ? -EINVAL : -EBADF;
    return set;
}

long control(world& w, words const& a) noexcept {
    long failure = 0;
    std::shared_ptr<poll_set> const set = find_set(w, a[0], failure);
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(a[2]));
    if (!set || !file)
        return file ? failure : -EBADF;
    return set->control(static_cast<int>(a[1]), static_cast<int>(a[2]), file,
                        reinterpret_cast<::epoll_event const*>(a[3]));
}

long wait(world& w, words const& a, std::int64_t ns) noexcept {
    long failure = 0;
    std::shared_ptr<poll_set> const set = find_set(w, a[0], failure);
    if (!set)
        return failure;
    if (a[2] <= 0)
        return -EINVAL;
    if (a[1] == 0)
        return -EFAULT;
    return w.sleep(*set, {reinterpret_cast<::epoll_event*>(a[1]), static_cast<std::size_t>(a[2])},
                   ns);
}

std::int64_t nanoseconds_at(long address) noexcept {
    if (address == 0)
        return -1;
    auto const& limit = *reinterpret_cast<abi::timespec const*>(address);
    return limit.tv_sec * second + limit.tv_nsec;
}

std::int64_t nanoseconds_of(long milliseconds) noexcept {
    return milliseconds < 0 ? -1 : std::int64_t{milliseconds} * 1'000'000;
}

/// ppoll(2) of what is there now: the engine asks no more of it.
long look(world& w, words const& a) noexcept {
    auto* const polled = reinterpret_cast<::pollfd*>(a[0]);
    long found = 0;
    for (long i = 0; i < a[1]; ++i) {
        ::pollfd& one = polled[i];
        one.revents = 0;
        if (one.fd < 0)
            continue;
        std::shared_ptr<open_file> const file = w.find(one.fd);
        std::uint32_t const wanted =
            static_cast<std::uint16_t>(one.events) | std::uint32_t{POLLERR | POLLHUP};
        one.revents = file ? static_cast<short>(file->what->ready(*file) & wanted) : POLLNVAL;
        found += one.revents != 0 ? 1 : 0;
    }
    return found;
}

long new_set(world& w, long flags) noexcept {
    if ((flags & ~static_cast<long>(EPOLL_CLOEXEC)) != 0)
        return -EINVAL;
    try {
        return w.add_ring(w.make<poll_set>(), O_RDWR);
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

/// Of the engine's own use: programs have theirs from the simulation.
long new_event_count(world& w, words const& a) noexcept {
    try {
        auto file = std::make_shared<open_file>();
        int const flags = static_cast<int>(a[1]);
        file->flags = O_RDWR | (flags & EFD_NONBLOCK);
        file->what = make_event_count(w, static_cast<unsigned>(a[0]), flags);
        file->what->opened(*file);
        return w.add_hidden(std::move(file));
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

long tell_time(world const& w, words const& a) noexcept {
    std::int64_t const ns = w.now() + (a[0] == CLOCK_REALTIME ? world::realtime_offset : 0);
    *reinterpret_cast<::timespec*>(a[1]) = {static_cast<::time_t>(ns / second),
                                            static_cast<long>(ns % second)};
    return 0;
}

} // namespace

bool poll_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_epoll_create1: answer = new_set(w, a[0]); return true;
    case SYS_epoll_ctl: answer = control(w, a); return true;
    case SYS_epoll_pwait: answer = wait(w, a, nanoseconds_of(a[3])); return true;
    case nr_epoll_pwait2: answer = wait(w, a, nanoseconds_at(a[3])); return true;
    case SYS_ppoll: answer = look(w, a); return true;
    case SYS_eventfd2: answer = new_event_count(w, a); return true;
    case SYS_clock_gettime: answer = tell_time(w, a); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
