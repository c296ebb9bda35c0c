// SPDX-License-Identifier: MIT

// How operations get to the kernel and back: room, submission, reaping, and what is tried again.

#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/loop/orphan.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>

namespace rondo {
namespace {

/// `res` and `flags`, read at once.
std::uint64_t result_of(abi::cqe const& c) noexcept {
    std::uint64_t both;
    std::memcpy(&both, &c.res, sizeof both);
    return both;
}
/// What to look at: completions that are not the last, and failures, since they may be tried again.
constexpr std::uint64_t to_be_looked_at = std::bit_cast<std::uint64_t>(std::array<std::uint32_t, 2>{
    std::uint32_t{1} << 31, raw(abi::cqe_flag::more) | raw(abi::cqe_flag::notif)});

constexpr std::uint32_t most_completions = 32'768;
/// An index from which no queue's entries reach those with the other sign.
constexpr std::int32_t last_before_sign = std::numeric_limits<std::int32_t>::max() - (1 << 17);

} // namespace

/// Operations that the kernel has, or will at the next enter: what was put into the SQ less what
/// came out of the CQ, and without the loop's own. So no start and no completion needs counting.
std::uint32_t loop::used() const noexcept { return ring_.sq().tail() - ring_.cq().finals() - own_; }

abi::sqe& loop::reserve_own() noexcept {
    ++own_;
    abi::sqe& s = ring_.sq().reserve();
    leave_no_room();
    return s;
}

/// Up to room_ends_ starts need no look at anything. There is no room where each start is to be
/// looked at; nor for a while where indices change their sign, as they do once in four billions.
void loop::look_for_room() noexcept {
    loop_state const& s = *state_;
    leave_no_room();
    if (!s.waiting.empty() || s.options.trace != nullptr)
        return;
    auto const next = static_cast<std::int32_t>(ring_.sq().next());
    if (next > last_before_sign)
        return;
    auto const credit_left = static_cast<std::int32_t>(s.credit - used());
    room_ends_ = next + std::min(credit_left, static_cast<std::int32_t>(ring_.sq().room()));
}

bool loop::fits(std::uint32_t n) noexcept {
    return used() + n <= state_->credit && ring_.sq().has_room(n);
}

void loop::start(completion& c) noexcept {
    RONDO_ASSERT(c.stage_ == completion::stage::idle, "an operation was started twice");
    std::uint32_t const n = c.functions().entries;
    while (n > 1 && (n > ring_.sq().capacity() || n > state_->credit)) [[unlikely]] {
        std::uint32_t const before = features().cq_entries;
        grow();
        if (features().cq_entries == before)
            return refuse(c, -EINVAL);
    }
    if (state_->waiting.empty() && fits(n))
        give(c);
    else
        defer(c);
}

void loop::give(completion& c) noexcept {
    submission_queue& sq = ring_.sq();
    std::uint32_t const first = sq.next();
    c.functions().fill(c, sq);
    c.stage_ = completion::stage::in_flight;
    if (state_->options.trace == nullptr)
        return;
    for (std::uint32_t i = first; i != sq.next(); ++i) // a chain's parts, or c alone
        tell(loop_event::kind::started, completion_of(sq.at(i)->user_data));
}

void loop::defer(completion& c) noexcept {
    c.stage_ = completion::stage::waiting;
    state_->waiting.push(c);
    ++state_->waiting_count;
    ++state_->counts.starved;
    leave_no_room();
    tell(loop_event::kind::deferred, c);
}

void loop::refuse(completion& c, std::int32_t res) noexcept {
    c.never_started_ = true;
    c.res_ = res;
    c.flags_ = 0;
    c.stage_ = completion::stage::in_flight;
    ready_.push(c);
    tell(loop_event::kind::completed, c);
}

/// Submits, without waiting, until `n` entries are free. False if the kernel takes none just now.
bool loop::make_room(std::uint32_t n) noexcept {
    submission_queue& sq = ring_.sq();
    if (sq.has_room(n))
        return true;
    static_cast<void>(enter(false, timer_wheel::never)); // a lasting error comes again in turn()
    return sq.has_room(n);
}

void loop::admit() noexcept {
    loop_state& s = *state_;
    bool grown = false;
    while (!s.waiting.empty()) {
        auto& c = static_cast<completion&>(*s.waiting.begin());
        std::uint32_t const n = c.functions().entries;
        if (used() + n > s.credit) {
            if (grown)
                return;
            grow();
            grown = true;
            continue;
        }
        if (!make_room(n))
            return;
        c.unlink();
        --s.waiting_count;
        give(c);
    }
}

/// Twice as large, if the kernel can and there is a reason.
void loop::grow() noexcept {
    loop_state& s = *state_;
    std::uint32_t const most = s.options.most_in_flight;
    std::uint32_t const now = features().cq_entries;
    if (!s.options.grows || now >= most_completions || (most != 0 && now >= most))
        return;
    std::uint32_t const entries = std::max(features().sq_entries, now);
    if (!ring_.resize(entries, now * 2)) {
        s.options.grows = false;
        return;
    }
    leave_no_room();
    ++s.counts.resizes;
    s.credit = features().cq_entries;
    if (most != 0)
        s.credit = std::min(s.credit, most);
}

/// Takes what has completed: copies of it, so that what runs finds the queue free. It runs at once,
/// unless something else is to run before, or something is to be looked at. Returns whether it did.
bool loop::reap() noexcept {
    completion_queue& cq = ring_.cq();
    cq.look();
    std::uint32_t left = cq.ready();
    if (left == 0) {
        look_for_room();
        return false;
    }
    loop_state& s = *state_;
    ++s.counts.batches;
    s.counts.largest_batch = std::max<std::uint64_t>(s.counts.largest_batch, left);
    bool ran = false;
    for (;;) {
        std::array<abi::cqe, 64> copies;
        std::span const taken(copies.data(), std::min<std::size_t>(left, copies.size()));
        left -= static_cast<std::uint32_t>(taken.size());
        abi::cqe const seen = cq.copy_ready(taken);
        if (ready_.empty() && s.options.trace == nullptr && (seen.user_data & own_bit) == 0 &&
            (result_of(seen) & to_be_looked_at) == 0) [[likely]] {
            run_at_once(taken);
            ran = true;
        } else {
            make_ready(taken);
        }
        if (left == 0)
            return ran;
        RONDO_ASSERT(cq.ready() >= left,
                     "a loop's ring was run or reaped by what the loop runs; use "
                     "a ring of its own for that");
    }
}

/// The same with whatever there may be among them. Nothing of the user's runs meanwhile.
void loop::make_ready(std::span<abi::cqe const> taken) noexcept {
    work_list interrupted;
    std::uint32_t not_final = 0;
    for (abi::cqe const& c : taken)
        not_final += abi::more(c) ? 1u : 0u;
    ring_.cq().were_not_final(not_final);
    for (abi::cqe const& c : taken) {
        if ((c.user_data & own_bit) != 0) {
            own(c.user_data);
            continue;
        }
        completion& k = completion_of(c.user_data);
        if (abi::more(c)) {
            k.functions().more(k, c);
            continue;
        }
        if (is_held_back(k, c))
            continue;
        if (!has(c, abi::cqe_flag::notif)) // a zero-copy send's result came before
            k.note(c);
        ++completed_;
        tell(loop_event::kind::completed, k);
        (is_to_be_restarted(k) ? interrupted : ready_).push(k);
    }
    while (work* const again = interrupted.pop())
        restart(static_cast<completion&>(*again));
    look_for_room();
}

/// Completions that are the last of their operations. Those that are yet to run are in flight.
[[gnu::always_inline]] inline void loop::run_at_once(std::span<abi::cqe const> taken) noexcept {
    completed_ += taken.size();
    look_for_room();
    abi::cqe const* c = taken.data();
    abi::cqe const* const end = c + taken.size();
    unrun_end_ = end;
    do {
        completion& k = completion_of(c->user_data);
        k.note(result_of(*c));
        unrun_ = ++c;
        k.run();
    } while (c != end);
}

/// The one rule about what is tried again: an operation that a signal interrupted before it did
/// anything, if it says that it may be, and if nobody wants its end.
bool loop::is_to_be_restarted(completion const& c) noexcept {
    return c.res_ == -EINTR && c.functions().restartable && !c.stop_wanted_;
}

void loop::restart(completion& c) noexcept {
    ++state_->counts.restarted;
    tell(loop_event::kind::restarted, c);
    if (c.functions().give_back != nullptr)
        c.functions().give_back(c);
    c.note(orphan::nothing_yet);
    c.stage_ = completion::stage::idle;
    start(c);
}

} // namespace rondo
