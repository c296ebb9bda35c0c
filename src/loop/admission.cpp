// SPDX-License-Identifier: MIT

// How operations get to the kernel and back: room, submission, reaping, and what is tried again.

#include "state.hpp"

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo {
namespace {

completion& completion_of(std::uint64_t user_data) noexcept {
    constexpr std::uint64_t bit = static_cast<std::uint64_t>(own_operation::bit);
    return *reinterpret_cast<completion*>(static_cast<std::uintptr_t>(user_data & ~bit));
}

/// `res` and `flags`, read at once.
std::uint64_t result_of(abi::cqe const& c) noexcept {
    std::uint64_t both;
    std::memcpy(&both, &c.res, sizeof both);
    return both;
}
constexpr std::uint64_t not_plain_result = std::bit_cast<std::uint64_t>(
    std::array<std::uint32_t, 2>{0, raw(abi::cqe_flag::more) | raw(abi::cqe_flag::notif)});

constexpr std::uint32_t most_completions = 32'768;

} // namespace

/// room_ operations need no look at anything. It is 0 where each start is to be looked at.
void loop::look_for_room() noexcept {
    loop_state const& s = *state_;
    room_ = 0;
    if (!s.waiting.empty() || s.options.trace != nullptr)
        return;
    std::uint64_t const used = started_ - completed_;
    if (used >= s.credit)
        return;
    submission_queue& sq = ring_.sq();
    static_cast<void>(sq.has_room(sq.capacity())); // it must see what room_ counts on
    room_ = std::min(static_cast<std::uint32_t>(s.credit - used), sq.capacity() - sq.pending());
}

bool loop::fits(std::uint32_t n) noexcept {
    return started_ - completed_ + n <= state_->credit && ring_.sq().has_room(n);
}

void loop::start(completion& c) noexcept {
    RONDO_ASSERT(c.stage_ == completion::stage::idle, "an operation was started twice");
    std::uint32_t const n = c.functions().entries;
    room_ -= std::min(room_, n);
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
    c.functions().fill(c, ring_.sq());
    c.stage_ = completion::stage::in_flight;
    started_ += c.functions().entries;
    tell(loop_event::kind::started, c);
}

void loop::defer(completion& c) noexcept {
    c.stage_ = completion::stage::waiting;
    state_->waiting.push(c);
    ++state_->waiting_count;
    ++state_->counts.starved;
    room_ = 0;
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
        if (started_ - completed_ + n > s.credit) {
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
    ++s.counts.resizes;
    s.credit = features().cq_entries;
    if (most != 0)
        s.credit = std::min(s.credit, most);
}

/// Takes what has completed, and makes it ready. Nothing of the user's runs meanwhile.
std::uint32_t loop::reap() noexcept {
    completion_queue& cq = ring_.cq();
    cq.look();
    std::uint32_t const n = cq.ready();
    std::uint32_t const begin = cq.head();
    std::uint32_t const last = cq.capacity() - 1; // of the places in its array
    auto const place = [&cq](std::uint32_t i) {
        return reinterpret_cast<std::byte const*>(cq.at(i));
    };
    std::ptrdiff_t const step = place(last) - place(last - 1);
    // Bits of a user_data that are not of a completion's address. With a trace all are.
    std::uint64_t const not_plain =
        state_->options.trace == nullptr ? std::uint64_t{1} : ~std::uint64_t{0};
    std::uint32_t unusual_ones = 0;
    std::uint32_t not_final = 0;
    work** end = ready_.end_;
    for (std::uint32_t taken = 0; taken != n;) {
        // As many as lie one behind another.
        std::uint32_t many = std::min(n - taken, last + 1 - ((begin + taken) & last));
        std::byte const* at = place(begin + taken);
        for (taken += many; many != 0; --many, at += step) {
            auto const& c = *reinterpret_cast<abi::cqe const*>(at);
            std::uint64_t const result = result_of(c);
            if ((c.user_data & not_plain) != 0 || (result & not_plain_result) != 0) [[unlikely]] {
                ready_.end_ = end;
                ++unusual_ones;
                not_final += abi::more(c) ? 1u : 0u;
                unusual(c);
                end = ready_.end_;
                continue;
            }
            completion& k = completion_of(c.user_data);
            k.note(result);
            *end = &k;
            end = &k.next_;
        }
    }
    *end = nullptr;
    ready_.end_ = end;
    completed_ += n - unusual_ones;
    cq.advance(n, not_final);
    return n;
}

void loop::unusual(abi::cqe const& c) noexcept {
    if ((c.user_data & static_cast<std::uint64_t>(own_operation::bit)) != 0)
        return own(c.user_data);
    completion& k = completion_of(c.user_data);
    if (abi::more(c))
        return k.functions().more(k, c);
    if (!has(c, abi::cqe_flag::notif)) // a zero-copy send's result came before
        k.note(c);
    ++completed_;
    tell(loop_event::kind::completed, k);
    ready_.push(k);
}

/// The one rule about what is tried again: an operation that a signal interrupted before it did
/// anything, if it says that it may be, and if nobody wants its end.
bool loop::restart(completion& c) noexcept {
    if (c.res_ != -EINTR || c.stop_wanted_ || c.never_started_)
        return false;
    ++state_->counts.restarted;
    tell(loop_event::kind::restarted, c);
    c.stage_ = completion::stage::idle;
    start(c);
    return true;
}

} // namespace rondo
