// SPDX-License-Identifier: MIT
#include "allowed.hpp"

#include <cerrno>

namespace fuzz {
namespace {

constexpr std::int32_t restart = -512; // ERESTARTSYS, which is the kernel's own

bool same_but_for_result(note const& k, note const& e) {
    note other = e;
    other.res = k.res;
    return other == k;
}

/// io_uring_prep_cancel(3): what is being executed may be interrupted.
bool interrupted(note const& k, note const& e) {
    return k.threads && (k.res == -EINTR || k.res == restart) && e.res == -ECANCELED &&
           same_but_for_result(k, e);
}

/// io_uring_prep_cancel(3): -EALREADY says that it may or may not end.
bool found_or_not(note const& k, note const& e) {
    auto const fits = [](std::int32_t res) {
        return res >= 0 || res == -EALREADY || res == -ENOENT;
    };
    return k.is_cancel && k.threads && fits(k.res) && fits(e.res) && same_but_for_result(k, e);
}

/// io_uring_enter(2): of what is left in a socket; that nothing but its end is left may be told so,
/// too.
bool hinted_at_end(note const& k, note const& e) {
    note other = e;
    other.flags |= raw(abi::cqe_flag::sock_nonempty);
    return e.res > 0 && other == k;
}

/// poll(2) tells what is there; a poll of a ring that was woken tells what woke it.
bool told_of_waking(note const& k, note const& e) {
    bool const subset = (k.res & e.res) == k.res || (k.res & e.res) == e.res;
    return k.polls && k.res > 0 && e.res > 0 && (k.res & e.res) != 0 && subset &&
           same_but_for_result(k, e);
}

/// io_uring_prep_link_timeout(3): -ENOENT says that what it guards has just ended.
bool due_at_the_end(note const& k, note const& e) {
    auto const fits = [](std::int32_t res) { return res == -ECANCELED || res == -ENOENT; };
    return (k.is_late || e.is_late) && fits(k.res) && fits(e.res) && same_but_for_result(k, e);
}

constexpr allowance table[] = {
    {"a cancelled request that a thread of the kernel waits in ends with -EINTR or -ECANCELED",
     interrupted},
    {"F_SOCK_NONEMPTY may tell that only the end of a stream is left", hinted_at_end},
    {"a poll tells what woke it, or all that is there", told_of_waking},
    {"a link timeout that is due when what it guards ends is too late or cancelled",
     due_at_the_end},
    {"a cancel may or may not find what a thread of the kernel is at", found_or_not},
};

/// A zero-copy send that failed may be followed by a notification or not: F_MORE tells, and if it
/// fails with its chain the kernel notifies without having said so. io_uring_prep_send_zc(3).
std::vector<note> without_idle_notifications(std::span<note const> all) {
    constexpr std::uint32_t notification = raw(abi::cqe_flag::notif);
    std::vector<note> out;
    for (note n : all) {
        if (n.is_copy && n.res < 0)
            n.flags &= ~raw(abi::cqe_flag::more);
        bool idle = n.is_copy && (n.flags & notification) != 0;
        for (note const& before : all)
            if (idle && before.number == n.number && (before.flags & notification) == 0)
                idle = before.res < 0;
        if (!idle)
            out.push_back(n);
    }
    return out;
}

/// Readiness that is told of again and again: how often depends on how changes fall together, as
/// io_uring_prep_poll_add(3) says of polls of many.
std::vector<note> without_repetitions(std::vector<note> const& all) {
    std::vector<note> out;
    for (note const& n : all)
        if (!n.is_poll || out.empty() || out.back() != n)
            out.push_back(n);
    return out;
}

bool covered(note const& k, note const& e) {
    for (allowance const& one : allowances())
        if (one.covers(k, e))
            return true;
    return false;
}

} // namespace

std::span<allowance const> allowances() noexcept { return table; }

bool agree(std::span<note const> kernel, std::span<note const> emulated) {
    std::vector<note> const k = without_repetitions(without_idle_notifications(kernel));
    std::vector<note> const e = without_repetitions(without_idle_notifications(emulated));
    if (k.size() != e.size())
        return false;
    for (std::size_t i = 0; i < k.size(); ++i)
        if (k[i] != e[i] && !covered(k[i], e[i]))
            return false;
    return true;
}

} // namespace fuzz
