// SPDX-License-Identifier: MIT
// Requests that end before they are done: cancels, and timeouts that come due.
#include "kernel_side.hpp"

#include "arguments.hpp"
#include "descriptors.hpp"
#include "installation.hpp"
#include "message_parts.hpp"
#include "timeouts.hpp"

#include <rondo/abi/flags.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::emulation {

namespace {

/// What was moved before the cancel is told, and breaks a chain as any short count does.
outcome cancelled(request const& r) noexcept {
    auto const code = static_cast<abi::opcode>(r.sqe().opcode);
    if (code == abi::opcode::futex_wait || code == abi::opcode::futex_waitv)
        return harmless_answer(-ECANCELED); // what is linked to it starts
    if (!moves_messages(r.sqe()) || r.progress == 0)
        return outcome::answer(-ECANCELED);
    outcome out = outcome::answer(static_cast<long>(r.progress));
    out.broken = true;
    return out;
}

/// The kernel tells how many of these it found even if it was to look for one.
bool is_counted(request const& r) noexcept {
    switch (static_cast<abi::opcode>(r.sqe().opcode)) {
    case abi::opcode::futex_wait:
    case abi::opcode::futex_waitv:
    case abi::opcode::waitid: return true;
    default: return false;
    }
}

/// The file that its entry names first: a splice that waits for its input has that in the place.
int own_file(request const& r) noexcept {
    auto const code = static_cast<abi::opcode>(r.sqe().opcode);
    bool const is_splice = code == abi::opcode::splice || code == abi::opcode::tee;
    return is_splice && r.in_progress ? r.second : r.fd;
}

/// Of the ring's own descriptor: it waits among those that count completions.
bool is_poll(request const& r) noexcept {
    return r.sqe().opcode == static_cast<std::uint8_t>(abi::opcode::poll_add);
}

} // namespace

bool kernel_side::matches(request const& r, cancel_pattern const& pattern) const noexcept {
    auto const asks = [&](abi::cancel_flag f) { return pattern.asks(f); };
    using enum abi::cancel_flag;
    if (r.where == place::chained || r.where == place::deferred || r.guarded != nullptr)
        return false;
    if (asks(any))
        return true;
    if (asks(fd) && !is_used_on(r, pattern.fd, asks(fd_fixed)))
        return false;
    if (asks(op) && r.sqe().opcode != pattern.opcode)
        return false;
    bool const by_data = asks(userdata) || !(asks(fd) || asks(op));
    return !by_data || r.sqe().user_data == pattern.user_data;
}

/// By descriptor or slot, a file is the same file. Where the system does not tell which are, the
/// numbers have to do.
bool kernel_side::is_used_on(request const& r, std::int32_t fd, bool fixed) const noexcept {
    if (!r.what->has_file || own_file(r) < 0)
        return false;
    shared_fd const* const slot = fixed ? files_.at(static_cast<std::uint32_t>(fd)) : nullptr;
    if (fixed && slot == nullptr)
        return false;
    if (auto const same = is_same_file(own_file(r), fixed ? (*slot)->get() : fd))
        return *same;
    return r.sqe().fd == fd && r.has(abi::sqe_flag::fixed_file) == fixed;
}

std::int32_t kernel_side::cancel(cancel_pattern const& pattern, request const* except) noexcept {
    bool const all = pattern.asks(abi::cancel_flag::all | abi::cancel_flag::any);
    try {
        // Ending one may end others: they are looked up again before each is touched.
        std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
        for (request const* r = requests_.oldest(); r != nullptr; r = r->newer) {
            if (r == except || !matches(*r, pattern))
                continue;
            found.emplace_back(r->index, r->generation);
            if (!all)
                break;
        }
        std::int32_t count = 0;
        for (auto const& [index, generation] : found) {
            request* r = requests_.at(index, generation);
            if (r != nullptr && !survives_last_attempt(*r))
                r = nullptr;
            bool const counts = r != nullptr && is_counted(*r);
            std::int32_t const done = r != nullptr ? cancel_one(*r) : -ENOENT;
            if (!all)
                return done == 0 && counts ? 1 : done;
            count += done != -ENOENT ? 1 : 0;
        }
        return all ? count : -ENOENT;
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

/// If the director wishes, what waits is attempted once more before it is cancelled. False: with
/// that it has ended, and its link timeout too.
bool kernel_side::survives_last_attempt(request& r) noexcept {
    if (director_ == nullptr || r.where != place::polled || !director_->is_late(r))
        return true;
    std::uint32_t const index = r.index, generation = r.generation;
    attempt(r);
    return requests_.at(index, generation) != nullptr;
}

/// 0: it has ended. -EALREADY: it will, as soon as whoever has it lets go. -ENOENT: not to be had.
std::int32_t kernel_side::cancel_one(request& r) noexcept {
    switch (r.where) {
    case place::polled:
    case place::timed: break;
    case place::nowhere:
        if (!ready_.remove(r))
            return -ENOENT;
        break;
    case place::queued:
        if (!home_.pool().take_back(r)) {
            if (!std::exchange(r.cancelled, true)) {
                try {
                    pressed_.push_back(&r);
                } catch (std::bad_alloc const&) {
                    r.cancelled = false; // this once it is pressed: it may be asked for again
                }
            }
            home_.pool().interrupt(r);
            return -EALREADY;
        }
        r.keeper.reset();
        break;
    case place::watched:
        if (r.what->take_back == nullptr || !r.what->take_back(r))
            return -EALREADY;
        r.keeper.reset();
        break;
    default: return -ENOENT;
    }
    finish(r, cancelled(r));
    return 0;
}

/// A signal may come just before the system call that it is to end: until it has ended, again.
void kernel_side::press_workers() noexcept {
    for (request* const r : pressed_)
        home_.pool().interrupt(*r);
}

bool kernel_side::wait_for_time(request& r) noexcept {
    if (!timers_.add(r))
        return false;
    r.where = place::timed;
    return true;
}

/// Completions of timeouts whose time came or whose count was reached do not count.
std::uint32_t kernel_side::counted_so_far() const noexcept {
    return queues_.posted() + static_cast<std::uint32_t>(overflow_.size()) - uncounted_;
}

bool kernel_side::wait_for_count(request& r, std::uint32_t completions) noexcept {
    // The kernel posts what a submission ends at once when it has taken all of it, so that counts.
    bool const starts_with_others = submitting_ && !r.follows;
    r.progress = (starts_with_others ? counted_before_ : counted_so_far()) + completions;
    try {
        counted_.push_back(&r);
    } catch (std::bad_alloc const&) {
        return false;
    }
    if (r.due != no_time && !timers_.add(r)) {
        counted_.pop_back();
        return false;
    }
    r.where = place::timed;
    counts_due_ = true; // it may have been reached already
    return true;
}

bool kernel_side::wait_for_completion(request& r) noexcept {
    r.due = no_time;
    try {
        counted_.push_back(&r);
    } catch (std::bad_alloc const&) {
        return false;
    }
    r.where = place::timed;
    return true;
}

void kernel_side::set_time(request& r, std::int64_t due, timer_clock clock) noexcept {
    if (r.due != no_time)
        timers_.remove(r);
    std::erase(counted_, &r); // from now on it waits for its time alone
    r.due = due;
    r.clock = clock;
    static_cast<void>(timers_.add(r)); // there is room: it was there before
}

/// What a timeout does when it is due.
void kernel_side::expire(request& r) noexcept {
    timers_.remove(r);
    r.due = no_time;
    if (r.guarded != nullptr && !survives_last_attempt(*r.guarded))
        return;
    if (request* const guarded = std::exchange(r.guarded, nullptr)) {
        guarded->guard = nullptr;
        std::int32_t const counted = is_counted(*guarded) ? 1 : -ETIME;
        std::int32_t const done = cancel_one(*guarded);
        outcome how = outcome::answer(done == 0 ? counted : done);
        how.harmless = true; // under skip_success it is told no more than any other success
        return finish(r, how);
    }
    ++uncounted_;
    finish_timeout(*this, r);
}

/// What came before a link timeout was due counts, even if nobody looked until it was late: where
/// one is due, what is ready is taken in first. Under a director that is the director's choice.
void kernel_side::expire_timers() noexcept {
    if (timers_.empty())
        return;
    bool looked = sleeps_ || director_ != nullptr; // who sleeps in the poller takes that in
    for (std::size_t i = 0; i < timer_clocks; ++i) {
        auto const clock = static_cast<timer_clock>(i);
        if (timers_.first(clock) == nullptr)
            continue;
        std::int64_t const time = time_on(system_clock_of(clock));
        for (request* r = timers_.first(clock); r != nullptr && r->due <= time;
             r = timers_.first(clock)) {
            bool const may_have_come = r->guarded != nullptr && r->guarded->where == place::polled;
            if (may_have_come && !std::exchange(looked, true))
                collect();
            else
                expire(*r);
        }
    }
}

void kernel_side::expire_counts() noexcept {
    while (std::exchange(counts_due_, false)) {
        std::uint32_t const total = counted_so_far();
        bool const any = has_completions();
        auto const is_reached = [total, any](request const* r) {
            if (is_poll(*r))
                return any;
            return static_cast<std::int32_t>(total - static_cast<std::uint32_t>(r->progress)) >= 0;
        };
        for (auto at = counted_.begin();;) {
            at = std::find_if(at, counted_.end(), is_reached);
            if (at == counted_.end())
                break;
            auto const index = at - counted_.begin();
            request& r = **at; // leaves the list now
            if (is_poll(r)) {
                attempt_again(r);
            } else {
                ++uncounted_;
                finish(r, outcome::answer(0));
            }
            at = counted_.begin() + index;
        }
    }
}

} // namespace rondo::engine::emulation
