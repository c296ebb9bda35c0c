// SPDX-License-Identifier: MIT
#include <rondo/ring/shared_ring.hpp>

#include "shard_hot.hpp"
#include "state.hpp"

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rondo {
namespace {

std::unexpected<error> used_in_child() noexcept {
    return fail(ECHILD, attempt::enter, cause::forked);
}

std::unexpected<error> stale() noexcept { return fail(ESTALE, attempt::wait, cause::stale_ticket); }

/// Makes this thread the one that waits for a slot. Step "claim".
result<> claim(ticket_name name) noexcept {
    if (name.slot == nullptr)
        return stale();
    std::uint64_t expected = name.generation;
    // Partner: the releases of give_back and unclaim.
    if (__atomic_compare_exchange_n(&name.slot->generation, &expected,
                                    name.generation | flight_slot::claimed, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) [[likely]]
        return {};
    if (expected == (name.generation | flight_slot::claimed))
        return fail(EBUSY, attempt::wait, cause::in_use);
    return stale();
}

void unclaim(std::span<ticket_name const> names) noexcept {
    for (ticket_name const& name : names)
        store_release(&name.slot->generation, name.generation);
}

bool is_good(ticket_name name) noexcept {
    return (load_acquire(&name.slot->generation) & ~flight_slot::claimed) == name.generation;
}

/// As shard::wait.
int wait_for_slot(flight_slot& slot, std::int64_t at) noexcept {
    if (slot.is_over())
        return 0;
    RONDO_ASSERT(load_relaxed(&slot.runs) != 0,
                 "a ticket was waited for before its reservation was committed");
    return slot.owner->wait(slot, at);
}

/// The first of these, which the next may limit: that one is waited for before it, but not for long
/// at a time, since only who waits for an operation repeats a cancel that the kernel has lost.
int wait_for_part(std::span<ticket_name const> names, std::int64_t at) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    flight_slot& slot = *names[0].slot;
    if (names.size() > 1 && is_limit(*names[1].slot)) {
        flight_slot& limit = *names[1].slot;
        for (std::int64_t turn = second / 100; !slot.is_over() && !slot.owner->asked_to_end(slot);
             turn = std::min(2 * turn, second)) {
            std::int64_t const until = std::min(at, steady_now() + turn);
            if (int const why = wait_for_slot(limit, until); why == 0) {
                slot.owner->keep_limit(slot, limit);
                break;
            } else if (until == at) {
                return why;
            }
        }
    }
    return wait_for_slot(slot, at);
}

} // namespace

result<> shared_ring::run_flight(abi::sqe const& entry, flight& f, limit const& until,
                                 bool restartable) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (state_->is_child()) [[unlikely]]
        return used_in_child();
    shard& s = state_->here();
    if (!s.start(entry, f))
        return fail(ESHUTDOWN, attempt::push, cause::ended);
    return go_on(s, entry, f, until, restartable);
}

shard_enter shared_ring::begin_run(abi::sqe const& entry, flight& f) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (state_->is_child()) [[unlikely]]
        return {};
    return state_->here().begin(entry, f);
}

bool shared_ring::end_run(shard_enter const& made, long answer, flight const& f) noexcept {
    made.where->end(made, answer);
    return f.is_over() && f.completion.res >= 0;
}

/// After the first attempt.
result<> shared_ring::go_on(shard& s, abi::sqe const& entry, flight& f, limit const& until,
                            bool restartable) noexcept {
    for (std::uint32_t cancelled = 0;;) {
        if (result<> done = wait_for(s, f, until, static_cast<attempt>(entry.opcode)); !done)
            return done;
        std::int32_t const res = f.completion.res;
        if (res != -ECANCELED && res != -EINTR) [[likely]]
            return {};
        // Another thread may have submitted it with its own, and have ended.
        bool const may = res == -EINTR ? restartable : ++cancelled != shard::most_runs;
        if (!s.run_again(entry, f, may))
            return {};
    }
}

result<> shared_ring::wait_for(shard& s, flight& f, limit const& until, attempt what) noexcept {
    if (f.is_over())
        return {};
    int why = 0;
    if (until.moving == nullptr) {
        why = s.wait(f, until.at);
    } else {
        call_deadline::call c{&s, &f};
        until.moving->enter(c);
        why = s.wait(f, until.moving->at_);
        until.moving->leave(c);
    }
    if (why == 0)
        return {};
    {
        shard::hold h(s);
        if (load_relaxed(&f.word) != flight::over)
            s.cancel(h, f);
    }
    s.wait(f, call_deadline::never);
    // What had happened all the same is the answer.
    if (f.completion.res != -ECANCELED && f.completion.res != -EINTR)
        return {};
    return fail(why, what, why == ECANCELED ? cause::ended : cause::none);
}

result<reservation> shared_ring::reserve(std::uint32_t n) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (state_->is_child()) [[unlikely]]
        return used_in_child();
    shard& s = state_->here();
    if (n == 0 || n > s.capacity())
        return fail(EINVAL, attempt::push, cause::too_long, std::uint64_t{s.capacity()} << 32 | n);
    shard::hold h(s);
    flight_slot* const first = s.take_slots(h, n);
    if (first == nullptr)
        return fail(ENOMEM, attempt::allocate);
    return reservation(s, first, n);
}

result<> shared_ring::refuse(bool claimed) noexcept {
    return claimed ? fail(EBUSY, attempt::wait, cause::in_use) : stale();
}

result<> shared_ring::await_chain(std::span<ticket_name const> names, deadline until) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    for (std::size_t i = 0; i < names.size(); ++i)
        if (result<> mine = claim(names[i]); !mine) {
            unclaim(names.first(i));
            return mine;
        }
    return await_claimed(names, until);
}

result<> shared_ring::await_claimed(std::span<ticket_name const> names, deadline until) noexcept {
    if (state_->is_child()) [[unlikely]] {
        for (ticket_name const& name : names)
            name.slot->lend(false); // the kernel writes to the parent's memory, not to this
        unclaim(names);
        return used_in_child();
    }
    std::int64_t const at = steady_time_of(until);
    for (;;) {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (int const why = wait_for_part(names.subspan(i), at); why != 0) {
                unclaim(names);
                return fail(why, attempt::wait);
            }
        shard& s = *names[0].slot->owner;
        shard::hold h(s);
        if (!s.run_again(h, names))
            break;
    }
    for (ticket_name const& name : names)
        name.slot->lend(false);
    return {};
}

bool shared_ring::is_over(ticket_name name) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (name.slot == nullptr || !is_good(name) || state_->is_child())
        return true;
    shard& s = *name.slot->owner;
    shard::hold h(s);
    s.flush_if_due(h);
    s.reap(h);
    if (!name.slot->is_over())
        return !is_good(name);
    // Who waits for it sees to its running again; if nobody does, this is the place.
    if (!claim(name))
        return true;
    bool const again = s.run_again(h, {&name, 1});
    unclaim({&name, 1});
    return !again;
}

result<> shared_ring::cancel_flight(ticket_name name) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (name.slot == nullptr)
        return stale();
    if (state_->is_child())
        return used_in_child();
    shard& s = *name.slot->owner;
    shard::hold h(s);
    // What is not over under the lock is still the ticket's own: only the lock's holder ends it.
    if (!is_good(name))
        return stale();
    name.slot->cancelled = true; // nor is it run again
    if (load_relaxed(&name.slot->word) != flight::over)
        s.cancel(h, *name.slot);
    return {};
}

result<std::uint32_t> shared_ring::cancel(op::cancel_match const& what) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (state_->is_child())
        return used_in_child();
    op::cancel const request{.what = what, .all = true};
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < shards(); ++i) {
        shard* const s = state_->at(i);
        if (s == nullptr || s->index() != i) // not made, or another's stand-in
            continue;
        flight f;
        abi::sqe entry;
        op::fill(entry, request, f.user_data());
        {
            shard::hold h(*s);
            if (result<> done = s->cancel(h, what, entry); !done)
                return fail(done.error());
        }
        s->wait(f, call_deadline::never);
        auto const n = op::value_of(request, f.completion);
        if (!n)
            return n;
        sum += *n;
    }
    return sum;
}

result<> shared_ring::push_entry(abi::sqe const& entry) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    RONDO_ASSERT((entry.user_data & flight::tag) == 0,
                 "the highest bit of user_data is the shared_ring's own: push with less than 2^63");
    if (state_->is_child())
        return used_in_child();
    shard& s = *state_->at(0);
    shard::hold h(s);
    return s.submit(h, entry);
}

result<abi::cqe> shared_ring::next(deadline until) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from shared_ring was used");
    if (state_->is_child())
        return used_in_child();
    shard& s = *state_->at(0);
    flight f;
    f.streams = true;
    {
        shard::hold const h(s);
        if (s.stream_waiter != nullptr)
            return fail(EBUSY, attempt::wait, cause::in_use);
        s.stream_waiter = &f;
    }
    int const why = s.wait(f, steady_time_of(until));
    shard::hold const h(s);
    s.stream_waiter = nullptr;
    if (!s.stream.empty()) {
        abi::cqe const oldest = s.stream.front();
        s.stream.pop_front();
        return oldest;
    }
    if (why != 0)
        return fail(why, attempt::wait);
    return fail(ESHUTDOWN, attempt::wait, cause::ended);
}

} // namespace rondo
