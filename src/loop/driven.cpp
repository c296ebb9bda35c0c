// SPDX-License-Identifier: MIT

// The loop's own operations, and what another event loop sees of it: a descriptor that is readable
// when there is something to do.

#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/ring_message.hpp>
#include <rondo/op/time.hpp>
#include <rondo/ring/completion_event.hpp>
#include <rondo/ring/message.hpp>

#include <cerrno>
#include <cstddef>
#include <sched.h>
#include <span>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace rondo {
namespace {

constexpr std::uint64_t raw_of(own_operation o) noexcept { return static_cast<std::uint64_t>(o); }

} // namespace

/// The loop sleeps until this is done, so it is done; for want of memory later.
void loop_state::wake(void* self) noexcept {
    auto& s = *static_cast<loop_state*>(self);
    if (!s.wakes_by_message) {
        std::uint64_t const one = 1;
        while (::write(s.wake_fd.get(), &one, sizeof one) < 0)
            ::sched_yield();
        return;
    }
    s.send(own_operation::wake_up);
}

void loop_state::send(own_operation what) noexcept {
    op::message_ring const message{.ring = ring_fd, .user_data = raw_of(what)};
    while (!send_message(message, backend))
        ::sched_yield();
}

void loop::arm_wake_up() noexcept {
    loop_state& s = *state_;
    if (!make_room(1))
        return; // and again at the next turn
    std::span const into(reinterpret_cast<std::byte*>(&s.wake_count), sizeof s.wake_count);
    op::fill(reserve_own(), op::read{.fd = s.wake_fd.get(), .into = into},
             raw_of(own_operation::wake_up_read));
    s.wake_read_in_flight = true;
}

void loop::own(std::uint64_t user_data) noexcept {
    loop_state& s = *state_;
    --own_;
    switch (static_cast<own_operation>(user_data)) {
    case own_operation::wake_up_read: s.wake_read_in_flight = false; [[fallthrough]];
    case own_operation::wake_up: ++s.counts.wake_ups; return;
    case own_operation::driver_timeout: s.driver_timeout_in_flight = false; return;
    case own_operation::driver_update: return;
    case own_operation::driver_nop: s.driver_nop_in_flight = false; return;
    case own_operation::marker: s.marker_in_flight = false; return end_held_back();
    default: break;
    }
    RONDO_ASSERT(user_data > raw_of(own_operation::last),
                 "a loop's ring completed what the loop had not started; push nothing to it");
    cancel_is_over(completion_of(user_data & ~own_bit));
}

/// So that who polls the descriptor comes back.
void loop::make_readable() noexcept {
    loop_state& s = *state_;
    if (s.driver_nop_in_flight || !make_room(1))
        return;
    op::fill(reserve_own(), op::nop{}, raw_of(own_operation::driver_nop));
    s.driver_nop_in_flight = true;
}

/// Leaves a timeout in flight for the next timer. False: there is no room for it now.
bool loop::tell_driver_when() noexcept {
    loop_state& s = *state_;
    s.forget_repeat();
    std::int64_t const next = s.wheel.next();
    if (next == timer_wheel::never || (s.driver_timeout_in_flight && s.driver_until <= next))
        return true;
    if (!make_room(1))
        return false;
    s.driver_until = next;
    if (s.driver_timeout_in_flight) {
        // If the timeout ended meanwhile this finds nothing, and the driver comes back for that.
        // Updates came with the deadlines of waits; without them its end brings the driver back.
        std::uint64_t const which = raw_of(own_operation::driver_timeout);
        s.driver_update.when = op::moment::at(in_nanoseconds{next}, op::timeout_clock::monotonic);
        abi::sqe& entry = reserve_own();
        if (s.waits_until)
            op::fill(entry, s.driver_update, raw_of(own_operation::driver_update));
        else
            op::fill(entry, op::timeout_remove{which}, raw_of(own_operation::driver_update));
    } else {
        s.driver_timeout.when = op::moment::at(in_nanoseconds{next}, op::timeout_clock::monotonic);
        op::fill(reserve_own(), s.driver_timeout, raw_of(own_operation::driver_timeout));
        s.driver_timeout_in_flight = true;
    }
    return true;
}

int loop::native_handle() noexcept {
    loop_state& s = *state_;
    if (s.driver_fd)
        return s.driver_fd.get();
    if (!has(features().setup, abi::setup::defer_taskrun)) {
        s.backend.expose(s.ring_fd);
        return s.ring_fd;
    }
    // The kernel (6.18) does not wake who polls such a ring when there is work for its thread.
    s.driver_fd.reset(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); // 1: what came before
    return s.driver_fd.get();
}

/// A registration signals once and no more (Linux 6.18) where what ends an operation of such a ring
/// is itself a write to an eventfd: so it is made anew. False: there is no memory for it. Without
/// the kernel it signals as often as there is something.
bool loop::listen_again() noexcept {
    loop_state& s = *state_;
    if (s.event && engine::kind_of(s.backend) == engine::emulated)
        return true;
    s.event.reset();
    auto made = completion_event::create(ring_, {.fd = s.driver_fd.get()});
    if (made)
        s.event.emplace(std::move(*made));
    return made.has_value();
}

void loop_state::signal() noexcept {
    std::uint64_t const one = 1;
    static_cast<void>(::write(driver_fd.get(), &one, sizeof one)); // full is signalled, too
}

/// False: there were none.
bool loop_state::forget_signals() noexcept {
    std::uint64_t count = 0;
    return ::read(driver_fd.get(), &count, sizeof count) > 0;
}

/// Gives the kernel all that what ran has left, and makes the descriptor readable for the rest.
result<> loop::leave_to_driver() noexcept {
    loop_state& s = *state_;
    if (!s.wakes_by_message && !s.wake_read_in_flight)
        arm_wake_up();
    if (s.wishes_to_send)
        send_wishes();
    if (!s.waiting.empty())
        admit();
    bool const told = tell_driver_when();
    if (!ready_.empty() || !told || is_held_up() || !s.box.prepare_to_sleep())
        make_readable();
    bool deaf = false;
    if (s.driver_fd && s.forget_signals()) // this enter tells of all that came before
        deaf = !listen_again();
    result<> const entered = enter(false, timer_wheel::never);
    // What the kernel had no memory for signals nothing; a poller takes it when it likes.
    bool const stuck = ring_.sq().pending() != 0 && !has(features().setup, abi::setup::sqpoll);
    if (s.driver_fd && (deaf || stuck || ring_.cq().ready() != 0))
        s.signal();
    else if (!s.driver_fd && stuck && entered && s.wakes_by_message)
        s.send(own_operation::driver_nop);
    return entered;
}

result<bool> loop::run_ready() noexcept {
    loop_state& s = *state_;
    loop_running const here(*this, s.running);
    s.box.awake();
    auto went = turn(false);
    if (went)
        if (result<> const left = leave_to_driver(); !left)
            went = fail(left.error());
    look_for_room();
    return went;
}

} // namespace rondo
