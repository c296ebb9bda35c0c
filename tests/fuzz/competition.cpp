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

bool uses_slots(action const& a) noexcept {
    return (a.flags & raw(abi::sqe_flag::fixed_file)) != 0 ||
           (a.what->claims & resource(place::slots)) != 0;
}

bool may_be_file(action const& a) noexcept {
    return a.on == place::file0 || a.on == place::file1 || a.on == place::slot_file ||
           (a.flags & raw(abi::sqe_flag::fixed_file)) != 0;
}

/// Whether one may be used on what the other one is used on by another name: what was made may be
/// what a slot holds, and a thread does what is done to a file.
bool may_be_same(action const& a, action const& b) noexcept {
    return (a.on == place::made && may_be_file(b)) || (b.on == place::made && may_be_file(a));
}

bool is_recv(action const& a) noexcept { return a.what->code == abi::opcode::recv; }

/// Whether a thread does one of them, so that it comes before or after the other.
bool in_its_own_time(action const& a, action const& b) noexcept {
    return ((a.flags | b.flags) & raw(abi::sqe_flag::async)) != 0;
}

} // namespace

/// Whether it is in flight, or may be without a word.
bool side::is_about(std::size_t number) const {
    return actions_[number] != nullptr &&
           (expected_[number] ||
            (actions_[number]->flags & raw(abi::sqe_flag::cqe_skip_success)) != 0);
}

/// Whether it shuts a socket where a request waits that chooses a buffer when it is woken. The end
/// of one direction wakes who waits for the other, too: a request of the kernel's is tried again
/// then, and fails if there is no buffer; epoll(7) asks the socket first and tells of nothing.
bool side::may_find_no_buffer(action const& a) const {
    bool const shuts = a.what->name.ends_with("shutdown"); // from outside, too
    for (std::size_t i = 0; shuts && i < most_requests; ++i)
        if (is_about(i) && actions_[i]->what->is(trait::chooses) &&
            (resource(actions_[i]->on) & resource(a.on)) != 0)
            return true;
    return false;
}

/// Whether `on` is a file that a thread waits with, in splice(2). It gets at the file as soon as
/// what it waits for comes: before or after what else is submitted then.
bool side::thread_waits_with(place on) const {
    bool const is_file = on == place::file0 || on == place::file1 || on == place::slot_file;
    for (std::size_t i = 0; is_file && i < most_requests; ++i) {
        if (!is_about(i))
            continue;
        action const& other = *actions_[i];
        bool const waits =
            other.on == on && other.what->is(trait::threaded) && !other.what->is(trait::sure);
        if (waits || (other.what->claims & resource(on)) != 0)
            return true;
    }
    return false;
}

/// Whether it and another one take from the group whose buffers are used up piece by piece, and one
/// of them is a recv. Linux 6.18 lets that keep to the length that it was shown when it had to
/// wait, as if it had been asked for, even if the next buffer is longer by then; of reads of many
/// it forgets that length.
bool side::may_keep_length(action const& a, step const& with) {
    if (!a.what->is(trait::chooses))
        return false;
    if (entry_of(around_, a).buf_group != pieced_group)
        return false;
    for (std::size_t i = 0; i < most_requests; ++i)
        if (pieced_[i] && is_about(i) && (is_recv(a) || is_recv(*actions_[i])))
            return true;
    for (action const& other : with)
        if (other.what->is(trait::chooses) && (is_recv(a) || is_recv(other)) &&
            entry_of(around_, other).buf_group == pieced_group)
            return true;
    return false;
}

/// Whether another chain in flight would do something to the same: when both go on at once, as
/// after a cancel of all, who comes first is left open.
bool side::goes_on_with_another(action const& a) const {
    for (std::size_t i = 0; a.behind && i < most_requests; ++i)
        if (is_about(i) && actions_[i]->behind && (resource(actions_[i]->on) & resource(a.on)) != 0)
            return true;
    return false;
}

/// Whether a request waits that fills a slot when somebody connects.
bool side::fills_slots_in_flight() const {
    for (std::size_t i = 0; i < most_requests; ++i)
        if (is_about(i) && actions_[i]->what->code == abi::opcode::accept && fills_[i])
            return true;
    return false;
}

/// Whether it would wait for the same as what is in flight, or as what is submitted `with` it.
bool side::competes(action const& a, step const& with) {
    if (has(program_.topics, topic::polls) && wakes_for_nothing(a))
        return true;
    if (may_find_no_buffer(a) || may_keep_length(a, with) || goes_on_with_another(a))
        return true;
    for (action const& other : with)
        if (may_be_same(a, other))
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
    // What is in flight is used on one thing, and on others by the way: so is what a thread waits
    // in without a word.
    constexpr std::uint32_t apart =
        resource(place::slots) | resource(place::groups) | resource(place::listener);
    for (std::size_t i = 0; i < most_requests; ++i)
        if ((expected_[i] || (in_thread_[i] && !ends_[i])) && actions_[i] != nullptr &&
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
        if (is_about(i) &&
            (actions_[i]->what->is(trait::chooses) || actions_[i]->what->is(trait::shares)))
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

bool side::tries_often() const {
    using enum abi::opcode;
    for (std::size_t i = 0; i < most_requests; ++i) {
        if (!expected_[i] || actions_[i] == nullptr)
            continue;
        abi::opcode const code = actions_[i]->what->code;
        bool const writes = code == abi::opcode::write || code == writev || code == write_fixed;
        if (code == connect || (writes && actions_[i]->on == place::counter))
            return true;
    }
    return false;
}

step side::without_competition(step const& s) {
    step out;
    // futex_waitv(2) tells one word of those that were woken, and whether it stands in the queue of
    // the other by then is left open: one at a time.
    bool const has_waitv = in_flight(abi::opcode::futex_waitv) != 0;
    std::size_t wakes = in_flight(abi::opcode::futex_wake);
    // Of two that make something come, or choose a buffer, one may be before the other.
    bool const only_one = chooses_in_flight();
    bool has_one = false;
    // Who connects lets another fill a slot, in its own time.
    bool const fills = fills_slots_in_flight();
    bool connects = false, uses = false;
    for (std::size_t first = 0, end = 0; first < s.size(); first = end) {
        bool apart = true;
        int moves = 0;
        bool connects_now = false, uses_now = false;
        std::size_t const wakes_before = wakes;
        do {
            connects_now = connects_now || s[end].what->code == abi::opcode::connect;
            uses_now = uses_now || uses_slots(s[end]);
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
        if (fills && (connects || connects_now) && (uses || uses_now))
            continue;
        connects = connects || (apart && connects_now);
        uses = uses || (apart && uses_now);
        if (apart)
            out.insert(out.end(), s.begin() + static_cast<std::ptrdiff_t>(first),
                       s.begin() + static_cast<std::ptrdiff_t>(end));
    }
    return out;
}

} // namespace fuzz
