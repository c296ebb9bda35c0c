// SPDX-License-Identifier: MIT
#include <rondo/ring/ring.hpp>

#include "state.hpp"

#include <rondo/abi/timespec.hpp>
#include <rondo/core/assert.hpp>

#include <cerrno>
#include <ctime>

namespace rondo {
namespace {

constexpr std::int64_t second = 1'000'000'000;

abi::timespec to_timespec(std::int64_t ns) noexcept { return {ns / second, ns % second}; }

std::int64_t left_until(std::int64_t at) noexcept {
    ::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::int64_t const left = at - (now.tv_sec * second + now.tv_nsec);
    return left < 0 ? 0 : left;
}

bool is_plain(wait_options const& wait) noexcept {
    return wait.until.which() == deadline::kind::never && wait.min_wait_us == 0 &&
           wait.signals == nullptr;
}

} // namespace

void ring::require_owner() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from ring was used");
    RONDO_ASSERT(guard_->alive != 0,
                 "a ring was used in a child of fork: it belongs to the parent, create one here");
    RONDO_ASSERT(guard_->owner == 0 || guard_->owner == this_thread_stamp,
                 "a ring was used from a second thread: it belongs to the one that submitted or "
                 "bound it first");
}

/// The owner's number where system calls can be made inline: the kernel's own rings, without a
/// poller to be woken, a queue to be rewound or completions held back for pop().
std::uint32_t ring::fast_stamp() const noexcept {
    bool const plain = !state_->has_poller && !sq_.rewinds() && state_->backend().is_kernel() &&
                       state_->held.empty();
    return plain ? guard_->owner : ring_guard::always_slow;
}

result<> ring::bind_to_this_thread() noexcept {
    require_owner();
    if (guard_->owner != 0)
        return {};
    std::uint32_t const stamp = stamp_this_thread();
    registrar& registry = *state_->registry.operator->();
    if (state_->register_descriptor && registry.registered_index() < 0 &&
        has(state_->features.enter, abi::enter::registered_ring)) {
        abi::rsrc_update entry{~std::uint32_t{0}, 0, static_cast<std::uint64_t>(registry.fd())};
        // A full table (16 per thread) is no failure: the plain descriptor does as well.
        if (registry.call(abi::register_op::ring_fds, &entry, 1)) {
            registry.set_registered_index(static_cast<int>(entry.offset),
                                          state_->features.has_feature(abi::feature::reg_reg_ring));
            state_->features.registered_descriptor = true;
            enter_fd_ = static_cast<std::int32_t>(entry.offset);
            set_enter_flags(enter_flags_ | raw(abi::enter::registered_ring));
        }
    }
    if (state_->disabled) {
        if (auto enabled = registry.call(abi::register_op::enable_rings, nullptr, 0); !enabled)
            return fail(enabled.error());
        state_->disabled = false;
    }
    ring_guard& guard = state_->guard();
    guard.owner = stamp;
    guard.fast = fast_stamp();
    return {};
}

result<std::uint32_t> ring::enter_failed(long answer) noexcept {
    return fail(static_cast<int>(-answer), attempt::enter);
}

result<std::uint32_t> ring::enter_slowly(wait_options const& wait, bool waits) noexcept {
    if (result<> bound = bind_to_this_thread(); !bound)
        return fail(bound.error());
    cq_.release();
    wait_options rest = wait;
    auto const held = static_cast<std::uint32_t>(state_->held.size());
    rest.count = wait.count > held ? wait.count - held : 0;
    // To wait for none is to let the kernel post what is due; to submit is not to ask for any.
    bool const enough = !waits || (wait.count != 0 && cq_.ready() >= rest.count);
    std::uint32_t const getevents = waits ? raw(abi::enter::getevents) : std::uint32_t{0};
    if (state_->has_poller) {
        std::uint32_t const fresh = sq_.unpublished();
        annotate::submitting();
        std::uint32_t const wake =
            sq_.publish_to_poller() ? raw(abi::enter::sq_wakeup) : std::uint32_t{0};
        if (wake == 0 && enough)
            return fresh;
        auto entered = enter_with(fresh, rest, wake | getevents);
        return entered ? result<std::uint32_t>(fresh) : entered;
    }
    std::uint32_t const queued = sq_.publish_any();
    if (queued == 0 && enough)
        return 0u;
    return enter_with(queued, rest, getevents);
}

result<std::uint32_t> ring::enter_with(std::uint32_t queued, wait_options const& wait,
                                       std::uint32_t flags) noexcept {
    auto const has_enter = [this](abi::enter f) { return has(state_->features.enter, f); };
    flags |= enter_flags_;
    auto const call = [&](void const* arg, std::size_t bytes) -> result<std::uint32_t> {
        annotate::submitting();
        long const answer =
            state_->backend().enter(enter_fd_, queued, wait.count, flags, arg, bytes);
        annotate::reaping();
        if (answer < 0)
            return enter_failed(answer);
        state_->audited.clear(); // submitted: what was copied may go
        sq_.took(static_cast<std::uint32_t>(answer));
        return static_cast<std::uint32_t>(answer);
    };
    if (is_plain(wait))
        return call(nullptr, 0);
    if (state_->must_enter_to_reap && !state_->has_poller)
        return fail(ENOTSUP, attempt::wait, cause::device_polling);
    if (!has_enter(abi::enter::ext_arg) ||
        (wait.min_wait_us != 0 && !state_->features.has_feature(abi::feature::min_timeout)))
        return fail(ENOTSUP, attempt::wait, cause::missing_feature);

    std::int64_t ns = wait.until.nanoseconds();
    bool timed = wait.until.which() != deadline::kind::never;
    if (!timed && wait.min_wait_us != 0) {
        // The kernel (6.18) ends a window without a deadline by ETIME: give it a century.
        ns = std::int64_t{100} * 365 * 24 * 3600 * second;
        timed = true;
    }
    if (wait.until.which() == deadline::kind::absolute) {
        if (has_enter(abi::enter::abs_timer))
            flags |= raw(abi::enter::abs_timer);
        else
            ns = left_until(ns);
    }
    auto const signals = reinterpret_cast<std::uintptr_t>(wait.signals);
    std::uint32_t const signals_bytes = wait.signals != nullptr ? wait.signals_bytes : 0;
    if (state_->features.wait_region) {
        abi::reg_wait& slot = state_->wait_slot();
        slot = abi::reg_wait{};
        slot.ts = to_timespec(ns);
        slot.min_wait_usec = wait.min_wait_us;
        slot.flags = timed ? raw(abi::reg_wait_flag::ts) : 0;
        slot.sigmask = signals;
        slot.sigmask_sz = signals_bytes;
        flags |= raw(abi::enter::ext_arg | abi::enter::ext_arg_reg);
        return call(nullptr, sizeof slot); // the argument is an offset: slot 0
    }
    abi::timespec const limit = to_timespec(ns);
    abi::getevents_arg arg{};
    arg.sigmask = signals;
    arg.sigmask_sz = signals_bytes;
    arg.min_wait_usec = wait.min_wait_us;
    arg.ts = timed ? reinterpret_cast<std::uintptr_t>(&limit) : 0;
    flags |= raw(abi::enter::ext_arg);
    return call(&arg, sizeof arg);
}

result<std::uint32_t> ring::enter(std::uint32_t to_submit, std::uint32_t min_complete,
                                  abi::enter flags, void const* arg,
                                  std::size_t arg_size) noexcept {
    if (result<> bound = bind_to_this_thread(); !bound)
        return fail(bound.error());
    cq_.release();
    long const answer = state_->backend().enter(enter_fd_, to_submit, min_complete,
                                                raw(flags) | enter_flags_, arg, arg_size);
    if (answer < 0)
        return enter_failed(answer);
    state_->audited.clear();
    sq_.took(static_cast<std::uint32_t>(answer));
    return static_cast<std::uint32_t>(answer);
}

result<> ring::make_room(std::uint32_t n) noexcept {
    require_owner();
    if (n > sq_.capacity())
        return fail(EINVAL, attempt::push, cause::too_long,
                    std::uint64_t{sq_.capacity()} << 32 | n);
    while (!sq_.has_room(n)) {
        auto moved = submit();
        if (moved && state_->has_poller && !sq_.has_room(n))
            moved = enter(0, 0, abi::enter::sq_wait);
        if (!moved && moved.error() != EINTR)
            return fail(moved.error());
        if (moved && *moved == 0 && !state_->has_poller && !sq_.has_room(n))
            return fail(EAGAIN, attempt::push, cause::queue_full, sq_.capacity());
    }
    return {};
}

} // namespace rondo
