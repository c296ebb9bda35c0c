// SPDX-License-Identifier: MIT
// Timeouts: alone, linked, counting completions, repeated, changed and removed.
#include "families.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "kernel_side.hpp"
#include "timeouts.hpp"
#include "user_memory.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/timespec.hpp>

#include <bit>
#include <cerrno>
#include <ctime>
#include <limits>

namespace rondo::engine::emulation {
namespace {

using abi::timeout_flag;

bool asks(std::uint32_t flags, timeout_flag f) noexcept { return (flags & raw(f)) != 0; }

timer_clock clock_of(std::uint32_t flags) noexcept {
    if (asks(flags, timeout_flag::boottime))
        return timer_clock::boottime;
    return asks(flags, timeout_flag::realtime) ? timer_clock::realtime : timer_clock::monotonic;
}

std::int32_t check_time(std::uint64_t address) noexcept {
    auto const* const time = pointer_to<abi::timespec const>(address);
    if (!is_readable(address, sizeof *time))
        return -EFAULT;
    return time->tv_sec < 0 || time->tv_nsec < 0 ? -EINVAL : 0;
}

std::int32_t check_flags(std::uint32_t flags, std::uint32_t known) noexcept {
    if ((flags & ~known) != 0 || std::popcount(flags & raw(timeout_flag::clock_mask)) > 1)
        return -EINVAL;
    bool const both = asks(flags, timeout_flag::multishot) && asks(flags, timeout_flag::abs);
    return both ? -EINVAL : 0;
}

std::int32_t check_timeout(abi::sqe const& entry) noexcept {
    if (entry.addr3 != 0 || entry.pad2 != 0)
        return -EINVAL;
    if (entry.buf_index != 0 || entry.len != 1 || entry.splice_fd_in != 0)
        return -EINVAL;
    constexpr auto known = timeout_flag::abs | timeout_flag::clock_mask |
                           timeout_flag::etime_success | timeout_flag::multishot;
    if (std::int32_t const ok = check_flags(entry.timeout_flags, raw(known)); ok != 0)
        return ok;
    return check_time(entry.addr);
}

std::int32_t check_link_timeout(abi::sqe const& entry) noexcept {
    if (entry.off != 0 || asks(entry.timeout_flags, timeout_flag::multishot))
        return -EINVAL;
    return check_timeout(entry);
}

bool keep_time(request& r) noexcept {
    void* const copy = r.copy(pointer_to<void const>(r.sqe().addr), sizeof(abi::timespec));
    r.sqe().addr = reinterpret_cast<std::uintptr_t>(copy);
    return copy != nullptr;
}

std::int64_t point_in_time(std::uint64_t address, std::uint32_t flags, timer_clock clock) noexcept {
    auto const& time = *pointer_to<abi::timespec const>(address);
    std::int64_t const ns = nanoseconds(time.tv_sec, time.tv_nsec);
    if (asks(flags, timeout_flag::abs))
        return ns;
    return later(time_on(system_clock_of(clock)), ns);
}

outcome timeout(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    r.clock = clock_of(entry.timeout_flags);
    r.due = point_in_time(entry.addr, entry.timeout_flags, r.clock);
    bool const repeats = asks(entry.timeout_flags, timeout_flag::multishot);
    r.progress = repeats ? entry.off : 0;
    auto const count = static_cast<std::uint32_t>(entry.off);
    bool const counts = count != 0 && count <= 0x7fff'ffff; // of more the time comes first
    bool const waits = counts && !repeats && r.guarded == nullptr
                           ? r.owner->wait_for_count(r, count)
                           : r.owner->wait_for_time(r);
    return waits ? outcome{.what = outcome::kind::kept} : outcome::answer(-ENOMEM);
}

constexpr auto update_known = raw(timeout_flag::abs | timeout_flag::update_mask);

std::int32_t check_remove(abi::sqe const& entry) noexcept {
    if ((entry.flags & raw(abi::sqe_flag::fixed_file | abi::sqe_flag::buffer_select)) != 0 ||
        any_set(entry.buf_index, entry.len, entry.splice_fd_in, entry.addr3, entry.pad2))
        return -EINVAL;
    std::uint32_t const flags = entry.timeout_flags;
    if (!asks(flags, timeout_flag::update_mask))
        return flags != 0 ? -EINVAL : 0;
    if (std::int32_t const ok = check_flags(flags, update_known); ok != 0)
        return ok;
    return check_time(entry.addr2);
}

bool keep_new_time(request& r) noexcept {
    if (!asks(r.sqe().timeout_flags, timeout_flag::update_mask))
        return true;
    void* const copy = r.copy(pointer_to<void const>(r.sqe().addr2), sizeof(abi::timespec));
    r.sqe().addr2 = reinterpret_cast<std::uintptr_t>(copy);
    return copy != nullptr;
}

outcome remove(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    std::uint32_t const flags = entry.timeout_flags;
    kernel_side& ring = *r.owner;
    request* const found =
        ring.find_timeout(entry.addr, asks(flags, timeout_flag::update) &&
                                          asks(flags, timeout_flag::link_timeout_update));
    if (found == nullptr)
        return outcome::answer(-ENOENT);
    if (!asks(flags, timeout_flag::update)) {
        ring.finish(*found, outcome::answer(-ECANCELED));
        return outcome::answer(0);
    }
    auto const clock = found->clock; // the timeout's own, whatever the update's flags say
    ring.set_time(*found, point_in_time(entry.addr2, flags, clock), clock);
    return outcome::answer(0);
}

constexpr operation timeout_operation{
    .check = check_timeout, .keep = keep_time, .attempt = timeout, .on_ring = true};
constexpr operation link_timeout_operation{
    .check = check_link_timeout, .keep = keep_time, .attempt = timeout, .on_ring = true};
constexpr operation remove_operation{
    .check = check_remove, .keep = keep_new_time, .attempt = remove, .on_ring = true};

} // namespace

void finish_timeout(kernel_side& ring, request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    outcome how = outcome::answer(-ETIME);
    how.harmless = asks(entry.timeout_flags, timeout_flag::etime_success);
    bool const repeats = asks(entry.timeout_flags, timeout_flag::multishot);
    bool const last = repeats && r.progress == 1;
    if (!repeats || last)
        return ring.finish(r, how);
    if (r.progress != 0)
        --r.progress;
    ring.post_more(r, -ETIME, 0);
    auto const& every = *pointer_to<abi::timespec const>(entry.addr);
    r.due = later(time_on(system_clock_of(r.clock)), nanoseconds(every.tv_sec, every.tv_nsec));
    if (!ring.wait_for_time(r))
        ring.finish(r, outcome::answer(-ENOMEM));
}

std::int64_t time_on(int clock) noexcept {
    ::timespec time{};
    if (other_system != nullptr)
        call(SYS_clock_gettime, clock, &time);
    else
        ::clock_gettime(clock, &time); // without entering the kernel, where that can be done
    return nanoseconds(time.tv_sec, time.tv_nsec);
}

int system_clock_of(timer_clock clock) noexcept {
    switch (clock) {
    case timer_clock::boottime: return CLOCK_BOOTTIME;
    case timer_clock::realtime: return CLOCK_REALTIME;
    default: return CLOCK_MONOTONIC;
    }
}

operation const* find_time(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::timeout: return &timeout_operation;
    case abi::opcode::link_timeout: return &link_timeout_operation;
    case abi::opcode::timeout_remove: return &remove_operation;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
