// SPDX-License-Identifier: MIT
#include "poller.hpp"

#include "calls.hpp"

#include <rondo/abi/timespec.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <limits>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint64_t bell_mark = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t alarm_mark = bell_mark - 1;
constexpr long nr_epoll_pwait2 = 441; // Linux 5.11; the same number on every processor
constexpr std::int64_t second = 1'000'000'000;

} // namespace

result<poller> poller::create() noexcept {
    poller out;
    long const set = call(SYS_epoll_create1, EPOLL_CLOEXEC);
    if (set < 0)
        return fail(static_cast<int>(-set), attempt::setup);
    out.set_.reset(static_cast<int>(set));
    long const bell = call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell < 0)
        return fail(static_cast<int>(-bell), attempt::setup);
    out.bell_.reset(static_cast<int>(bell));
    ::epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = bell_mark;
    long const added = call(SYS_epoll_ctl, out.set_.get(), EPOLL_CTL_ADD, out.bell_.get(), &event);
    if (added < 0)
        return fail(static_cast<int>(-added), attempt::setup);
    return out;
}

std::int32_t poller::watch(request& r, std::uint32_t events) noexcept {
    if (r.armed && r.polled_events == events)
        return 0;
    ::epoll_event event{};
    // Edges: an attempt ends only when there is nothing more to be had, and what no attempt can
    // take away, as an error that is queued apart, must not wake for ever.
    event.events = events | EPOLLET;
    event.data.u64 = std::uint64_t{r.generation} << 32 | r.index;
    int const how = r.armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    long const done = call(SYS_epoll_ctl, set_.get(), how, r.fd, &event);
    if (done < 0)
        return static_cast<std::int32_t>(done);
    r.armed = true;
    r.polled_events = events;
    return 0;
}

void poller::unwatch(request& r) noexcept {
    if (!r.armed)
        return;
    r.armed = false;
    ::epoll_event unused{};
    call(SYS_epoll_ctl, set_.get(), EPOLL_CTL_DEL, r.fd, &unused);
}

long poller::sleep(std::span<::epoll_event> out, std::int64_t ns, void const* signals,
                   std::size_t signals_bytes) noexcept {
    int const room = static_cast<int>(out.size());
    if (ns <= 0) // at once, or never: no clock is needed
        return call(SYS_epoll_pwait, set_.get(), out.data(), room, ns < 0 ? -1 : 0, signals,
                    signals_bytes);
    if (!no_pwait2_) {
        abi::timespec const limit{ns / second, ns % second};
        long const n =
            call(nr_epoll_pwait2, set_.get(), out.data(), room, &limit, signals, signals_bytes);
        if (n != -ENOSYS)
            return n;
        no_pwait2_ = true;
    }
    ::pollfd set{set_.get(), POLLIN, 0};
    abi::timespec limit{ns / second, ns % second};
    long const n = call(SYS_ppoll, &set, 1, &limit, signals, signals_bytes);
    if (n == -EINVAL) { // poll(2): with RLIMIT_NOFILE 0 not even one entry; never too early
        std::int64_t const ms = std::min<std::int64_t>((ns - 1) / 1'000'000 + 1, INT_MAX);
        return call(SYS_epoll_pwait, set_.get(), out.data(), room, static_cast<int>(ms), signals,
                    signals_bytes);
    }
    if (n <= 0)
        return n;
    return call(SYS_epoll_pwait, set_.get(), out.data(), room, 0, nullptr, 0);
}

bool poller::is_alarm(::epoll_event const& event) noexcept { return event.data.u64 == alarm_mark; }

bool poller::read(::epoll_event const& event, ready& out) noexcept {
    if (event.data.u64 == bell_mark)
        return false;
    out.index = static_cast<std::uint32_t>(event.data.u64);
    out.generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
    out.events = event.events;
    return true;
}

void poller::wake() noexcept {
    std::uint64_t const one = 1;
    call(SYS_write, bell_.get(), &one, sizeof one);
}

void poller::calm() noexcept {
    std::uint64_t rung = 0;
    call(SYS_read, bell_.get(), &rung, sizeof rung);
}

void poller::set_alarm(std::int64_t ns) noexcept {
    if (!alarm_ && ns < 0)
        return;
    if (!alarm_) {
        long const made = call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (made < 0)
            return;
        alarm_.reset(static_cast<int>(made));
        ::epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = alarm_mark;
        if (call(SYS_epoll_ctl, set_.get(), EPOLL_CTL_ADD, alarm_.get(), &event) < 0)
            return alarm_.reset();
    }
    ::itimerspec when{};
    if (ns >= 0)
        when.it_value = {ns / second, ns % second};
    call(SYS_timerfd_settime, alarm_.get(), 0, &when, nullptr);
}

} // namespace rondo::engine::emulation
