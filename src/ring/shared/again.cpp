// SPDX-License-Identifier: MIT
#include "shard.hpp"

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

} // namespace

void shard::note_cancel(op::cancel_match const& what) noexcept {
    ++cancels;
    for (std::size_t chunk = 0; chunk < slots_.size(); ++chunk)
        for (flight_slot& slot : std::span(slots_[chunk].get(), chunk_sizes_[chunk])) {
            bool const in_flight = slot.is_taken() && slot.runs != 0 && !slot.is_over();
            if (in_flight && matches(what, slot.entry))
                slot.cancelled = true;
        }
}

bool shard::may_run_again(std::span<ticket_name const> names) const noexcept {
    bool const alone = names.size() == 1;
    flight_slot const& first = *names[0].slot;
    if (stopped || first.runs > most_runs)
        return false;
    if (alone && !first.chained && first.completion.res == -EINTR && first.functions->restartable)
        return !first.cancelled;
    for (ticket_name const& name : names) {
        flight_slot const& slot = *name.slot;
        if (slot.completion.res != -ECANCELED || slot.cancelled || slot.chained == alone)
            return false;
    }
    return true;
}

bool shard::run_again(hold& h, std::span<ticket_name const> names) noexcept {
    for (ticket_name const& name : names)
        if (load_relaxed(&name.slot->word) != flight::over)
            return false;
    if (!may_run_again(names)) {
        for (ticket_name const& name : names)
            if ((name.slot->cancelled || stopped) && name.slot->completion.res == -EINTR)
                name.slot->completion.res = -ECANCELED;
        return false;
    }
    flight_slot* after = nullptr;
    for (std::size_t i = names.size(); i-- != 0;) {
        store_release(&names[i].slot->word, static_cast<std::uint32_t>(flight::idle));
        names[i].slot->next = after;
        after = names[i].slot;
    }
    if (submit(h, after, static_cast<std::uint32_t>(names.size())))
        return true;
    for (ticket_name const& name : names) // they are over as they were
        store_release(&name.slot->word, static_cast<std::uint32_t>(flight::over));
    return false;
}

bool shard::was_cancelled(flight& f) noexcept {
    hold const h(*this);
    if (!f.cancelled && f.cancels == cancels && !stopped)
        return false;
    f.completion.res = -ECANCELED;
    return true;
}

} // namespace rondo
