// SPDX-License-Identifier: MIT
// What waits for time, readiness, words in memory and children.
#include "family.hpp"

#include <rondo/abi/timespec.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>

namespace fuzz {
namespace {

constexpr place pollable[] = {place::pipe0_out, place::pipe1_out, place::small_out, place::small_in,
                              place::stream0_a, place::stream1_a, place::stream0_b, place::packet_b,
                              place::counter,   place::listener,  place::tcp_b,     place::file0,
                              place::epoll};
constexpr place many_pollable[] = {place::pipe0_out, place::stream0_a, place::packet_b,
                                   place::counter,   place::listener,  place::small_in};
constexpr place sets[] = {place::epoll};
constexpr place words[] = {place::words};
constexpr place children[] = {place::child};

constexpr std::int64_t long_time = 100;                   // seconds: as good as never
constexpr std::int64_t short_times[] = {1, 1000, 50'000}; // nanoseconds

void set_time(filling& f, bool is_short) {
    f.with.time = is_short ? abi::timespec{0, f.roll.of(short_times)} : abi::timespec{long_time, 0};
    f.to.addr = address_of(&f.with.time);
    f.to.len = 1;
}

std::uint32_t some_clock(dice& roll) {
    static constexpr abi::timeout_flag all[] = {abi::timeout_flag::boottime,
                                                abi::timeout_flag::realtime};
    return roll.chance(4) ? raw(roll.of(all)) : 0;
}

void short_timeout(filling& f) {
    set_time(f, true);
    f.to.timeout_flags = some_clock(f.roll);
    if (f.roll.chance(3))
        f.to.timeout_flags |= raw(abi::timeout_flag::etime_success);
}

void repeated_timeout(filling& f) {
    set_time(f, true);
    f.with.time.tv_nsec = 40'000;
    f.to.timeout_flags = some_clock(f.roll) | raw(abi::timeout_flag::multishot);
    f.to.off = 1 + f.roll.below(3);
}

/// Due when so many completions came, whoever's.
void counted_timeout(filling& f) {
    set_time(f, false);
    f.to.off = 1 + f.roll.below(6);
}

void long_timeout(filling& f) {
    set_time(f, false);
    f.to.timeout_flags = some_clock(f.roll);
    if (f.roll.chance(8))
        f.with.time = {0, -1};
}

/// Guards the request before it in its chain, for as good as ever.
void link_timeout(filling& f) {
    set_time(f, false);
    f.to.timeout_flags = some_clock(f.roll);
}

/// Ends the request before it, if that has to wait: it is due after all that can be done at once.
void short_link_timeout(filling& f) {
    set_time(f, true);
    f.with.time.tv_nsec = guard_time.count();
    f.to.timeout_flags = some_clock(f.roll);
}

void change_timeout(filling& f) {
    f.to.addr = f.earlier();
    if (f.roll.chance(2))
        return;
    f.with.time = f.roll.chance(2) ? abi::timespec{0, 1000} : abi::timespec{long_time * 2, 0};
    f.to.off = address_of(&f.with.time);
    f.to.timeout_flags =
        raw(f.roll.chance(4) ? abi::timeout_flag::update_mask : abi::timeout_flag::update);
    if (f.roll.chance(6))
        f.to.timeout_flags |= some_clock(f.roll);
}

void poll_once(filling& f) {
    static constexpr std::uint32_t all[] = {POLLIN,  POLLIN,    POLLOUT, POLLIN | POLLOUT,
                                            POLLPRI, POLLRDHUP, 0};
    f.to.poll32_events = f.roll.of(all);
}

void poll_many(filling& f) {
    static constexpr std::uint32_t all[] = {POLLIN, POLLIN, POLLIN | POLLRDHUP, POLLOUT};
    f.to.poll32_events = f.roll.of(all);
    f.to.len = raw(abi::poll_flag::add_multi);
    if (f.roll.chance(8))
        f.to.len |= raw(abi::poll_flag::add_level);
}

void change_poll(filling& f) {
    f.to.addr = f.earlier();
    if (f.roll.chance(2))
        return;
    f.to.len = raw(abi::poll_flag::update_events);
    static constexpr std::uint32_t all[] = {POLLIN, POLLOUT, POLLPRI};
    f.to.poll32_events = f.roll.of(all);
    if (f.roll.chance(3))
        f.to.len |= raw(abi::poll_flag::add_multi);
    if (f.roll.chance(3)) {
        f.to.len |= raw(abi::poll_flag::update_user_data);
        f.to.off = f.what.number + most_requests;
    }
}

constexpr std::uint32_t size_u32 = 2, is_private = 128; // FUTEX2_SIZE_U32, FUTEX2_PRIVATE

std::uint32_t* some_word(filling& f) { return &f.on.shown().words[f.roll.below(3)]; }

std::uint32_t word_flags(filling& f) {
    static constexpr std::uint32_t all[] = {size_u32 | is_private, size_u32, 0, 64};
    return f.roll.chance(12) ? f.roll.of(all) : size_u32 | is_private;
}

void wait_for_word(filling& f) {
    f.to.addr = address_of(some_word(f));
    f.to.fd = static_cast<std::int32_t>(word_flags(f));
    f.to.off = f.roll.chance(6) ? 1 : 0;
    f.to.addr3 = f.roll.chance(4) ? 2 : 0xffffffff;
}

void wake_word(filling& f) {
    f.to.addr = address_of(some_word(f));
    f.to.fd = static_cast<std::int32_t>(word_flags(f));
    f.to.off = f.roll.below(3);
    f.to.addr3 = f.roll.chance(4) ? 2 : 0xffffffff;
}

void wait_for_words(filling& f) {
    std::uint32_t word = f.roll.below(3);
    for (::futex_waitv& w : f.with.waits) { // which of two waits at one word ends is left open
        std::uint32_t const* const at = &f.on.shown().words[word];
        w = {f.roll.chance(8) ? 1u : 0u, address_of(at), size_u32 | is_private, 0};
        word = (word + 1) % 3;
    }
    f.to.addr = address_of(f.with.waits.data());
    f.to.len = f.roll.chance(8) ? f.roll.below(200) : 2;
    f.to.fd = 0;
}

void wait_for_child(filling& f) {
    static constexpr std::uint32_t options[] = {WEXITED, WEXITED | WNOWAIT, WEXITED | WNOHANG, 0,
                                                WSTOPPED};
    f.with.child = {};
    f.to.fd = f.roll.chance(8) ? 1 : f.on.child();
    f.to.len = P_PID;
    f.to.file_index = f.roll.of(options);
    f.to.off = address_of(&f.with.child);
}

std::uint64_t inspect_child(surroundings& on, action const& a, abi::cqe const& c) {
    ::siginfo_t const& i = on.hidden(a.number).child;
    return c.res < 0 ? 0
                     : mixed(static_cast<std::uint32_t>(i.si_status),
                             mixed(static_cast<std::uint32_t>(i.si_code),
                                   i.si_pid == on.child() && i.si_pid != 0));
}

void change_set(filling& f) {
    static constexpr place all[] = {place::pipe0_out, place::stream0_a, place::counter,
                                    place::file0, place::small_in};
    place const which = f.roll.of(all);
    f.to.off = static_cast<std::uint64_t>(static_cast<std::int64_t>(f.on.fd(which)));
    static constexpr std::uint32_t operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD,
                                                   EPOLL_CTL_DEL, 9};
    f.to.len = f.roll.of(operations);
    f.with.event = {};
    f.with.event.events = f.roll.chance(2) ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLOUT};
    f.with.event.data.u64 = static_cast<std::uint64_t>(which);
    f.to.addr = address_of(&f.with.event);
}

void wait_for_set(filling& f) {
    f.to.addr = address_of(f.room());
    f.to.len = f.roll.chance(8) ? 0 : 1 + f.roll.below(4);
}

using code = abi::opcode;
constexpr auto sure = static_cast<std::uint32_t>(trait::sure);
constexpr auto alone = trait::sure | trait::alone | trait::plain_fd;
constexpr auto plain = static_cast<std::uint32_t>(trait::plain_fd);

constexpr family timed(std::string_view name, code c, void (*fill)(filling&), std::uint32_t traits,
                       std::uint32_t weight = 6) {
    return {.name = name,
            .code = c,
            .fill = fill,
            .traits = traits,
            .needs = topic::timers,
            .weight = weight};
}

constexpr family table[] = {
    timed("short timeout", code::timeout, short_timeout, sure | trait::loud),
    timed("repeated timeout", code::timeout, repeated_timeout,
          trait::sure | trait::many | trait::loud, 3),
    timed("long timeout", code::timeout, long_timeout, plain),
    {.name = "counted timeout",
     .code = code::timeout,
     .fill = counted_timeout,
     .traits = trait::plain_fd | trait::steady | trait::loud,
     .needs = topic::counts,
     .weight = 12},
    timed("link timeout", code::link_timeout, link_timeout, plain, 1),
    timed("timeout remove", code::timeout_remove, change_timeout, alone),
    {.name = "poll",
     .code = code::poll_add,
     .fill = poll_once,
     .where = pollable,
     .traits = static_cast<std::uint32_t>(trait::shares),
     .needs = topic::polls,
     .weight = 10},
    {.name = "poll many",
     .code = code::poll_add,
     .fill = poll_many,
     .where = many_pollable,
     .traits = trait::many | trait::shares,
     .needs = topic::polls,
     .weight = 10},
    {.name = "poll remove",
     .code = code::poll_remove,
     .fill = change_poll,
     .traits = alone,
     .needs = topic::polls,
     .weight = 6},
    {.name = "futex wait",
     .code = code::futex_wait,
     .fill = wait_for_word,
     .where = words,
     .traits = trait::threaded | trait::plain_fd,
     .needs = topic::words,
     .weight = 12},
    {.name = "futex waitv",
     .code = code::futex_waitv,
     .fill = wait_for_words,
     .where = words,
     .traits = trait::threaded | trait::plain_fd,
     .needs = topic::words,
     .weight = 8},
    {.name = "futex wake",
     .code = code::futex_wake,
     .fill = wake_word,
     .where = words,
     .traits = sure | trait::plain_fd,
     .needs = topic::words,
     .weight = 12},
    {.name = "waitid",
     .code = code::waitid,
     .fill = wait_for_child,
     .where = children,
     .traits = trait::threaded | trait::plain_fd | trait::steady,
     .needs = topic::child,
     .weight = 12,
     .inspect = inspect_child},
    {.name = "epoll_ctl",
     .code = code::epoll_ctl,
     .fill = change_set,
     .where = sets,
     .traits = alone,
     .needs = topic::epoll,
     .weight = 12},
    {.name = "epoll_wait",
     .code = code::epoll_wait,
     .fill = wait_for_set,
     .where = sets,
     .traits = static_cast<std::uint32_t>(trait::alone),
     .needs = topic::epoll,
     .weight = 10},
};

} // namespace

std::span<family const> wait_families() noexcept { return table; }

family const& guard(bool is_short) noexcept {
    static constexpr family guards[] = {
        timed("link timeout", code::link_timeout, link_timeout, plain),
        timed("short link timeout", code::link_timeout, short_link_timeout, plain)};
    return guards[is_short ? 1 : 0];
}

} // namespace fuzz
