// SPDX-License-Identifier: MIT
// What is left out of a step, because who comes first is left open.
#include "side.hpp"

#include <sys/stat.h>

namespace fuzz {
namespace {

/// Whether it is a write that may fail by its address, on what may be a pipe. Linux 6.18 wakes who
/// polls the pipe though nothing came, and a ring's poll takes the waking's word for it: it answers
/// with POLLIN, where poll(2) finds nothing. An engine that asks the pipe itself is not wrong.
bool wakes_for_nothing(action const& a) noexcept {
    bool const may_be_pipe =
        a.on <= place::small_in || (a.flags & raw(abi::sqe_flag::fixed_file)) != 0;
    return a.spoiled && a.what->code == abi::opcode::write && may_be_pipe;
}

/// Whether a thread does one of them, so that it comes before or after the other.
bool in_its_own_time(action const& a, action const& b) noexcept {
    return ((a.flags | b.flags) & raw(abi::sqe_flag::async)) != 0;
}

} // namespace

/// Whether it shuts a socket where a request waits that chooses a buffer when it is woken. The end
/// of one direction wakes who waits for the other, too: a request of the kernel's is tried again
/// then, and fails if there is no buffer; epoll(7) asks the socket first and tells of nothing.
bool side::may_find_no_buffer(action const& a) const {
    bool const shuts = a.what->name.ends_with("shutdown"); // from outside, too
    for (std::size_t i = 0; shuts && i < most_requests; ++i)
        if (actions_[i] != nullptr && actions_[i]->what->is(trait::chooses) &&
            (expected_[i] || (actions_[i]->flags & raw(abi::sqe_flag::cqe_skip_success)) != 0) &&
            (resource(actions_[i]->on) & resource(a.on)) != 0)
            return true;
    return false;
}

/// Whether `on` is a file that a thread waits with, in splice(2). It gets at the file as soon as
/// what it waits for comes: before or after what else is submitted then.
bool side::thread_waits_with(place on) const {
    bool const is_file = on == place::file0 || on == place::file1 || on == place::slot_file;
    for (std::size_t i = 0; is_file && i < most_requests; ++i) {
        if (actions_[i] == nullptr)
            continue;
        action const& other = *actions_[i];
        bool const waits =
            other.on == on && other.what->is(trait::threaded) && !other.what->is(trait::sure);
        if ((waits || (other.what->claims & resource(on)) != 0) &&
            (expected_[i] || (other.flags & raw(abi::sqe_flag::cqe_skip_success)) != 0))
            return true;
    }
    return false;
}

/// Whether it would wait for the same as what is in flight, or as what is submitted `with` it.
bool side::competes(action const& a, step const& with) const {
    if (has(program_.topics, topic::polls) && wakes_for_nothing(a))
        return true;
    if (may_find_no_buffer(a))
        return true;
    if (a.on == place::made && a.what->is(trait::moves)) {
        struct ::stat s{};
        return ::fstat(around_.fd(a.on, a.details >> 32), &s) != 0 || !S_ISREG(s.st_mode);
    }
    if (around_.is_shut(a.on) && (a.flags & raw(abi::sqe_flag::fixed_file)) == 0)
        return true;
    if (a.what->needs == topic::counts) { // whether one counts in the other is left open
        for (action const& other : with)
            if (other.what == a.what)
                return true;
        for (std::size_t i = 0; i < most_requests; ++i)
            if (expected_[i] && actions_[i] != nullptr && actions_[i]->what == a.what)
                return true;
    }
    // What is read into a registered buffer comes before or after what is written from it.
    if ((a.what->claims & resource(place::registered)) != 0)
        for (std::size_t i = 0; i < most_requests; ++i)
            if (expected_[i] && actions_[i] != nullptr &&
                (actions_[i]->what->claims & resource(place::registered)) != 0)
                return true;
    if (thread_waits_with(a.on))
        return true;
    if (a.on == place::nowhere || a.what->is(trait::sure) || a.what->is(trait::shares))
        return false;
    if (silent_places_[static_cast<std::size_t>(a.on)])
        return true;
    for (action const& other : with)
        if ((other.on == a.on ||
             (resource(other.on) == resource(a.on) && in_its_own_time(a, other))) &&
            !other.what->is(trait::sure) && !other.what->is(trait::shares))
            return true;
    // What is in flight is used on one thing, and on others by the way.
    constexpr std::uint32_t apart =
        resource(place::slots) | resource(place::groups) | resource(place::listener);
    for (std::size_t i = 0; i < most_requests; ++i)
        if (expected_[i] && actions_[i] != nullptr &&
            (actions_[i]->what->claims & (resource(a.on) | a.what->claims) & ~apart) != 0)
            return true;
    for (std::size_t i = 0; i < most_requests; ++i)
        if (expected_[i] && actions_[i] != nullptr && actions_[i]->on == a.on &&
            !actions_[i]->what->is(trait::shares))
            return true;
    return false;
}

/// Whether a request waits that will choose a buffer when something comes, or tell of it.
bool side::chooses_in_flight() const {
    for (std::size_t i = 0; i < most_requests; ++i)
        if (actions_[i] != nullptr &&
            (actions_[i]->what->is(trait::chooses) || actions_[i]->what->is(trait::shares)) &&
            (expected_[i] || (actions_[i]->flags & raw(abi::sqe_flag::cqe_skip_success)) != 0))
            return true;
    return false;
}

bool side::waits_on(place where) const {
    for (std::size_t i = 0; i < most_requests; ++i)
        if (expected_[i] && actions_[i] != nullptr && actions_[i]->on == where)
            return true;
    return false;
}

/// Requests of that kind which are in flight, or linked to such.
std::size_t side::in_flight(abi::opcode code) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < most_requests; ++i)
        n += expected_[i] && actions_[i] != nullptr && actions_[i]->what->code == code;
    return n;
}

step side::without_competition(step const& s) const {
    step out;
    // futex_waitv(2) tells one word of those that were woken, and whether it stands in the queue of
    // the other by then is left open: one at a time.
    bool const has_waitv = in_flight(abi::opcode::futex_waitv) != 0;
    std::size_t wakes = in_flight(abi::opcode::futex_wake);
    // Of two that make something come, or choose a buffer, one may be before the other.
    bool const only_one = chooses_in_flight();
    bool has_one = false;
    for (std::size_t first = 0, end = 0; first < s.size(); first = end) {
        bool apart = true;
        int moves = 0;
        std::size_t const wakes_before = wakes;
        do {
            apart = apart && !competes(s[end], out);
            // Behind what makes something come, it is told of it or comes after whoever waits for
            // that: both are linked requests' own time.
            if (moves != 0 && s[end].what->is(trait::shares) && waits_on(s[end].on))
                apart = false;
            wakes += s[end].what->code == abi::opcode::futex_wake;
            moves += (s[end].on != place::nowhere && !s[end].what->is(trait::shares)) ||
                     s[end].what->is(trait::chooses) ||
                     (s[end].what->claims & resource(place::groups)) != 0;
        } while ((s[end++].flags & links) != 0 && end < s.size());
        if (has_waitv && wakes > 1 && wakes > wakes_before) {
            wakes = wakes_before;
            continue;
        }
        if (only_one && moves != 0 && (moves > 1 || std::exchange(has_one, has_one || apart)))
            continue;
        if (apart)
            out.insert(out.end(), s.begin() + static_cast<std::ptrdiff_t>(first),
                       s.begin() + static_cast<std::ptrdiff_t>(end));
    }
    return out;
}

} // namespace fuzz
