// SPDX-License-Identifier: MIT
#include "shard.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rondo {
namespace {

/// Whether two descriptors are one open file, as a cancel by descriptor compares them.
bool are_one_file(int a, int b) noexcept {
    constexpr int kcmp_file = 0;
    ::pid_t const self = ::getpid();
    return a == b || ::syscall(SYS_kcmp, self, self, kcmp_file, a, b) == 0;
}

bool matches(op::cancel_match const& what, abi::sqe const& entry) noexcept {
    auto const flags = what.flags();
    if (what.matches_any())
        return true;
    if (!has(flags, abi::cancel_flag::fd) && !has(flags, abi::cancel_flag::op))
        return false; // by user_data, which no ticket's operation shares
    if (has(flags, abi::cancel_flag::userdata))
        return false;
    if (has(flags, abi::cancel_flag::op) && entry.opcode != raw(what.code()))
        return false;
    if (!has(flags, abi::cancel_flag::fd))
        return true;
    bool const slot = (entry.flags & raw(abi::sqe_flag::fixed_file)) != 0;
    if (slot != has(flags, abi::cancel_flag::fd_fixed))
        return false;
    return slot ? entry.fd == what.fd() : are_one_file(entry.fd, what.fd());
}

/// Whether an operation did nothing, for no fault of its own: its thread has ended. A later part of
/// a chain whose turn comes after that end fails with EFAULT.
bool was_hit(flight_slot const& slot, bool leads) noexcept {
    switch (slot.completion.res) {
    case -ECANCELED: return true;
    case -EINTR: return slot.functions->restartable;
    case -EFAULT: return !leads;
    default: return false;
    }
}

/// Whether the kernel goes on with a chain after what this came to. Not known of vectors, whose
/// sizes may be gone.
bool goes_on_after(flight_slot const& slot) noexcept {
    abi::sqe const& entry = slot.entry;
    std::int32_t const res = slot.completion.res;
    if ((entry.flags & raw(abi::sqe_flag::io_hardlink)) != 0)
        return true;
    switch (static_cast<abi::opcode>(entry.opcode)) {
    case abi::opcode::timeout:
        return res >= 0 || (res == -ETIME &&
                            (entry.timeout_flags & raw(abi::timeout_flag::etime_success)) != 0);
    case abi::opcode::read:
        if (entry.len == 0 && (entry.flags & raw(abi::sqe_flag::buffer_select)) != 0)
            return false; // as many as the buffer holds, which is not known here
        [[fallthrough]];
    case abi::opcode::write:
    case abi::opcode::read_fixed:
    case abi::opcode::write_fixed:
    case abi::opcode::splice:
    case abi::opcode::tee: return res >= 0 && static_cast<std::uint32_t>(res) == entry.len;
    case abi::opcode::readv:
    case abi::opcode::writev:
    case abi::opcode::readv_fixed:
    case abi::opcode::writev_fixed: return false;
    case abi::opcode::send:
    case abi::opcode::recv:
    case abi::opcode::sendmsg:
    case abi::opcode::recvmsg:
    case abi::opcode::send_zc:
    case abi::opcode::sendmsg_zc: return res >= 0 && (entry.msg_flags & MSG_WAITALL) == 0;
    default: return res >= 0;
    }
}

/// Whether the kernel has refused a chain for what is wrong with one of these parts: then those
/// before it are cancelled, though nothing failed before them, and no hard link goes on.
bool was_refused(std::span<ticket_name const> names) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        bool const ended_by_limit = i + 1 < names.size() && is_limit(*names[i + 1].slot) &&
                                    names[i + 1].slot->completion.res != -ECANCELED;
        if (!is_limit(*names[i].slot) && names[i].slot->completion.res == -ECANCELED &&
            !ended_by_limit)
            return true;
    }
    return false;
}

} // namespace

void shard::note_cancel(op::cancel_match const& what) noexcept {
    ++cancels;
    for (std::size_t chunk = 0; chunk < slots_.size(); ++chunk)
        for (flight_slot& slot : std::span(slots_[chunk].get(), chunk_sizes_[chunk])) {
            // Those too that are over and would be run again.
            bool const in_flight = slot.is_taken() && load_relaxed(&slot.runs) != 0 &&
                                   (!slot.is_over() || was_hit(slot, false));
            if (in_flight && matches(what, slot.entry))
                slot.cancelled = true;
        }
}

std::size_t shard::first_to_run_again(std::span<ticket_name const> names) const noexcept {
    std::size_t const none = names.size();
    std::size_t first = none;
    while (first != 0 && was_hit(*names[first - 1].slot, first == 1))
        --first;
    if (first == none)
        return none;
    flight_slot const* before = first == 0 ? nullptr : names[first - 1].slot;
    if (before != nullptr) { // a limit is over with what it was for, which did not need it
        while (first != none && is_limit(*names[first].slot))
            ++first;
        for (std::size_t i = first; is_limit(*before); --i)
            before = names[i - 1].slot;
    }
    if (first == none || stopped || names[first].slot->runs > most_runs)
        return none;
    flight_slot const& hit = *names[first].slot;
    if (before != nullptr && hit.completion.res == -ECANCELED &&
        (!goes_on_after(*before) || was_refused(names.first(first))))
        return none;
    for (ticket_name const& name : names)
        if (name.slot->cancelled || (names.size() == 1 && name.slot->chained))
            return none;
    return first;
}

bool shard::run_again(hold& h, std::span<ticket_name const> names) noexcept {
    for (ticket_name const& name : names)
        if (load_relaxed(&name.slot->word) != flight::over)
            return false;
    std::size_t first = first_to_run_again(names);
    if (first != names.size()) {
        // While they are over: it may let go of the lock, and whoever asks for their end then does
        // not look for them in the kernel.
        make_room(h, static_cast<std::uint32_t>(names.size() - first));
        first = first_to_run_again(names);
    }
    if (first == names.size()) {
        bool asked = stopped;
        for (ticket_name const& name : names)
            asked = asked || name.slot->cancelled;
        for (ticket_name const& name : names) {
            std::int32_t& res = name.slot->completion.res;
            if (asked && (res == -EINTR || (res == -EFAULT && &name != &names.front())))
                res = -ECANCELED;
        }
        return false;
    }
    names = names.subspan(first);
    flight_slot* after = nullptr;
    for (std::size_t i = names.size(); i-- != 0;) {
        flight_slot& slot = *names[i].slot;
        ++slot.lap;
        slot.entry.user_data = slot.user_data();
        store_release(&slot.word, static_cast<std::uint32_t>(flight::idle));
        slot.next = after;
        after = &slot;
    }
    return submit(h, after, static_cast<std::uint32_t>(names.size())).has_value();
}

void shard::keep_limit(flight_slot& what, flight_slot& limit) noexcept {
    hold h(*this);
    bool const sends_twice = what.entry.opcode == raw(abi::opcode::send_zc) ||
                             what.entry.opcode == raw(abi::opcode::sendmsg_zc);
    if (load_relaxed(&what.word) == flight::over || what.cancelled || stopped || sends_twice)
        return;
    if (limit.completion.res != -ECANCELED)
        return;
    limit.completion.res = -ETIME;
    cancel(h, what);
}

bool shard::asked_to_end(flight const& f) noexcept {
    hold const h(*this);
    return f.cancelled;
}

bool shard::run_again(abi::sqe const& entry, flight& f, bool may) noexcept {
    hold h(*this);
    if (may)
        make_room(h, 1);
    // Under the lock until it is queued: a cancel by what matches comes before, and is seen here,
    // or it comes after, and finds it.
    if (f.cancelled || f.cancels != cancels || stopped) {
        f.completion.res = -ECANCELED;
        return false;
    }
    if (!may)
        return false;
    f = flight();
    start(h, entry, f);
    return true;
}

} // namespace rondo
