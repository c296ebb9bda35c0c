// SPDX-License-Identifier: MIT
#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/loop/orphan.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <utility>

namespace rondo {
namespace {

constinit thread_local loop* running_here = nullptr;

/// Completions are copied many at a time, so each must be as long as the next.
constexpr abi::setup not_for_loops = abi::setup::cqe_mixed;

} // namespace

loop* loop::current() noexcept { return running_here; }

loop_running::loop_running(loop& which, bool& flag) noexcept : before_(running_here), flag_(flag) {
    RONDO_ASSERT(!flag, "a loop was run by what it runs");
    flag = true;
    running_here = &which;
}

loop_running::~loop_running() {
    flag_ = false;
    running_here = before_;
}

void completion::destroyed_in_flight() const noexcept {
    std::fprintf(stderr,
                 "rondo: an operation was destroyed in flight: %s; cancel it and wait until it is "
                 "over, since the kernel may use its memory until then\n",
                 functions().name);
    std::abort();
}

loop_state::loop_state(loop_options const& with, engine::backend& who) noexcept
    : options(with), backend(who), wheel(who.now()) {}

result<loop> loop::create(loop_options const& options) noexcept {
    ring_options with = options.ring;
    if (abi::setup const strange = (with.flags | with.required) & not_for_loops; any(strange))
        return fail(EINVAL, attempt::setup, cause::not_for_loops, raw(strange));
    with.iowait = with.iowait.value_or(false);
    auto made = rondo::ring::create(with);
    if (!made)
        return fail(made.error());
    std::unique_ptr<loop_state> state(new (std::nothrow)
                                          loop_state(options, made->registry()->backend()));
    if (!state)
        return fail(ENOMEM, attempt::allocate);
    rondo::features const& has = made->features();
    state->waits_until = rondo::has(has.enter, abi::enter::ext_arg);
    state->wakes_by_message =
        has.supports(abi::register_op::send_msg_ring) == support::yes && made->native_handle() >= 0;
    state->ring_fd = made->native_handle();
    if (!state->wakes_by_message) {
        state->wake_fd.reset(::eventfd(0, EFD_CLOEXEC));
        if (!state->wake_fd)
            return fail(error::last(attempt::allocate));
    }
    state->credit = has.cq_entries;
    if (options.most_in_flight != 0)
        state->credit = std::min(state->credit, options.most_in_flight);
    return loop(std::move(*made), std::move(state));
}

loop::loop(rondo::ring&& made, std::unique_ptr<loop_state>&& state) noexcept
    : ring_(std::move(made)), backend_(&state->backend), state_(std::move(state)) {
    look_for_room();
}

loop::loop(loop&& other) noexcept
    : ring_(std::move(other.ring_)), room_ends_(std::exchange(other.room_ends_, no_room)),
      backend_(other.backend_), state_(std::move(other.state_)) {
    RONDO_ASSERT(used() == 0 && other.completed_ == 0 && other.ready_.empty() &&
                     (state_ == nullptr || state_->waiting.empty()),
                 "a loop was moved after its first use");
}

inbox& loop::inbox() noexcept { return state_->box; }
timer_wheel& loop::timers() noexcept { return state_->wheel; }

std::int64_t loop::time_of(deadline until) const noexcept {
    if (until.which() == deadline::kind::never)
        return timer_wheel::never;
    if (until.which() == deadline::kind::absolute)
        return until.nanoseconds();
    std::int64_t at = 0;
    return __builtin_add_overflow(now(), until.nanoseconds(), &at) ? timer_wheel::never : at;
}

std::uint64_t loop::in_flight() const noexcept {
    std::uint64_t count =
        used() + static_cast<std::uint64_t>(unrun_end_ - unrun_) + state_->waiting_count;
    for (rondo::orphan const* o = state_->orphans; o != nullptr; o = o->next_one_)
        count -= o->is_over() ? 0u : 1u;
    return count;
}

loop_statistics loop::statistics() noexcept {
    loop_statistics out = state_->counts;
    out.started = completed_ + used();
    out.completed = completed_;
    out.overflows = ring_.cq().overflow();
    return out;
}

void loop::tell(loop_event::kind what, completion const& c) noexcept {
    if (state_->options.trace != nullptr)
        state_->options.trace(state_->options.trace_argument,
                              loop_event{what, c.functions().name, &c,
                                         what == loop_event::kind::completed ? c.res_ : 0, now()});
}

/// In place of a wait with a deadline, which the kernel knows since Linux 5.11: for its descriptor.
void loop::poll_until(std::int64_t until) noexcept {
    constexpr std::int64_t second_ns = 1'000'000'000;
    std::int64_t const left = std::max<std::int64_t>(until - now(), 0);
    ::timespec const timeout{static_cast<::time_t>(left / second_ns),
                             static_cast<long>(left % second_ns)};
    ::pollfd one{.fd = state_->ring_fd, .events = POLLIN, .revents = 0};
    static_cast<void>(
        ::ppoll(&one, 1, &timeout, nullptr)); // who waits looks again, whatever it says
}

/// In the caller's frame, as is turn_here() in that of run(): the first return to an older frame
/// after a system call costs as much as some operations.
[[gnu::always_inline]] inline result<> loop::enter_here(bool wait, std::int64_t until) noexcept {
    ++state_->counts.enters;
    bool const polls = until != timer_wheel::never && !state_->waits_until;
    auto const entered =
        until == timer_wheel::never || polls
            ? ring_.submit_and_wait(wait && !polls ? 1u : 0u)
            : ring_.submit_and_wait(wait_options{.count = 1, .until = deadline::at(until)});
    leave_no_room(); // until it is looked for
    if (entered) [[likely]] {
        if (polls) [[unlikely]]
            poll_until(until);
        return {};
    }
    // A signal, or the deadline; or the kernel has no memory or no room for completions just now,
    // which passes when those that are there are taken. What was not submitted still is to be.
    switch (entered.error().code()) {
    case EINTR:
    case ETIME:
    case EAGAIN:
    case EBUSY: return {};
    default: return fail(entered.error());
    }
}

result<> loop::enter(bool wait, std::int64_t until) noexcept { return enter_here(wait, until); }

/// Something found no room in the queue, so that nobody may sleep until it is submitted.
bool loop::is_held_up() const noexcept {
    loop_state const& s = *state_;
    if (s.wishes_to_send || (!s.wakes_by_message && !s.wake_read_in_flight))
        return true;
    if (s.waiting.empty())
        return false;
    auto const& first = static_cast<completion const&>(*s.waiting.begin());
    return used() + first.functions().entries <= s.credit;
}

[[gnu::always_inline]] inline result<bool> loop::turn_here(bool may_wait) noexcept {
    loop_state& s = *state_;
    if (!s.wakes_by_message && !s.wake_read_in_flight) [[unlikely]]
        arm_wake_up();
    if (s.wishes_to_send) [[unlikely]]
        send_wishes();
    if (!s.waiting.empty()) [[unlikely]]
        admit();
    bool wait = may_wait && ready_.empty() && !is_held_up();
    std::int64_t const until = wait && s.wheel.size() != 0 ? s.wheel.next() : timer_wheel::never;
    bool const sleeps = wait && s.box.prepare_to_sleep();
    wait = sleeps;
    result<> const entered = enter_here(wait, wait ? until : timer_wheel::never);
    if (sleeps)
        s.box.awake();
    if (!entered) [[unlikely]]
        return fail(entered.error());
    bool ran = reap();
    if (s.wheel.size() != 0)
        s.counts.expired += s.wheel.expire(now());
    std::size_t const items = s.box.take().run();
    ran |= run_batch();
    return ran || items != 0;
}

result<bool> loop::turn(bool may_wait) noexcept { return turn_here(may_wait); }

/// Work that makes more work ready is not paid for with a system call each time; nor may it keep
/// the kernel waiting for ever.
bool loop::run_batch() noexcept {
    constexpr int most_rounds = 16;
    bool ran = false;
    for (int round = 0; round < most_rounds && !ready_.empty(); ++round) {
        work* w = ready_.first_;
        ready_.end_ = &ready_.first_;
        ran = true;
        while (w != nullptr) {
            work* const next = w->next_;
            w->run();
            w = next;
        }
    }
    return ran;
}

bool loop::has_something_to_wait_for() const noexcept {
    loop_state& s = *state_;
    s.forget_repeat();
    if (!ready_.empty() || used() != 0 || s.waiting_count != 0 || s.wheel.size() != 0 ||
        !s.wishes.empty())
        return true;
    if (!s.box.prepare_to_sleep())
        return true;
    s.box.awake();
    return false;
}

result<> loop::run_until(bool const& done) noexcept {
    loop_running const now(*this, state_->running);
    while (!done)
        if (auto went = turn_here(true); !went)
            return fail(went.error());
    return {};
}

result<> loop::run() noexcept {
    loop_running const now(*this, state_->running);
    // A post that finds the loop asleep can wake no ring that is not enabled yet.
    if (result<> bound = ring_.bind_to_this_thread(); !bound)
        return bound;
    while (has_something_to_wait_for())
        if (auto went = turn_here(true); !went)
            return fail(went.error());
    return {};
}

} // namespace rondo
