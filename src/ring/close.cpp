// SPDX-License-Identifier: MIT
#include <rondo/ring/ring.hpp>

#include "state.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/core/fd.hpp>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace rondo {
namespace {

constexpr std::uint64_t barrier_user_data = ring::reserved_user_data - 1;

struct milliseconds {
    using rep = std::int64_t;
    struct period {
        static constexpr std::intmax_t num = 1;
        static constexpr std::intmax_t den = 1000;
    };
    std::int64_t n;
    [[nodiscard]] constexpr std::int64_t count() const noexcept { return n; }
};

/// Asks for everything to be cancelled, without waiting for it. False where the kernel cannot
/// (before Linux 6.0).
bool cancel_all(registrar& registry) noexcept {
    abi::sync_cancel_reg request{};
    request.fd = -1;
    request.flags = raw(abi::cancel_flag::any | abi::cancel_flag::all);
    auto const answer = registry.call(abi::register_op::sync_cancel, &request, 1);
    return answer || answer.error() != EINVAL;
}

} // namespace

/// Cancels and reaps until the kernel has let go of every operation. What says so is a nop behind a
/// drain: it starts when all before it are over. Completions are dropped: nobody is left to pop.
bool ring::drain() noexcept {
    if (state_->has_poller)
        sq_.unreserve(sq_.unpublished());
    else
        sq_.withdraw();
    if (sq_.head() == 0 && !state_->has_poller)
        return true; // nothing was ever submitted
    cq_.unhold();
    state_->held.clear(); // or they would count as what is waited for
    bool const can_cancel = cancel_all(*state_->registry.operator->());
    if (in_flight() != 0 && !can_cancel)
        return false; // closing does cancel, so that is the way to wait for
    if (!make_room(1))
        return false;
    abi::sqe& s = sq_.reserve();
    s = abi::sqe{};
    s.opcode = static_cast<std::uint8_t>(abi::opcode::nop);
    s.flags = raw(abi::sqe_flag::io_drain);
    s.fd = -1;
    s.user_data = barrier_user_data;
    for (;;) {
        abi::cqe c;
        while (cq_.pop(c))
            if (c.user_data == barrier_user_data)
                return c.res == 0; // refused after skip_success, or on a restricted ring
        flush_deferred();
        if (cq_.ready() != 0)
            continue;
        auto const entered = submit_and_wait(wait_options{.count = 1, .until = milliseconds{10}});
        int const code = entered ? 0 : entered.error().code();
        if (code != 0 && code != EINTR && code != ETIME && code != EBUSY && code != EAGAIN)
            return false;
        // Again, since what was between two of its firings, or behind a drain of the caller's, was
        // not there to be cancelled.
        static_cast<void>(cancel_all(*state_->registry.operator->()));
    }
}

namespace {

/// Where no drain is possible, the kernel's own end of the ring is the barrier: it drops the files
/// registered with a ring once its last request is over. So a pipe's only write end is left in the
/// table, and the read end sees it close.
class release_barrier {
public:
    explicit release_barrier(registrar& registry) noexcept {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            return;
        read_end_.reset(ends[0]);
        unique_fd const write_end(ends[1]);
        static_cast<void>(registry.call(abi::register_op::unregister_files, nullptr, 0));
        std::int32_t fd = write_end.get();
        armed_ = registry.call(abi::register_op::files, &fd, 1).has_value();
    }
    [[nodiscard]] bool is_armed() const noexcept { return armed_; }
    void wait() noexcept {
        if (!armed_)
            return;
        ::pollfd p{read_end_.get(), POLLIN, 0};
        int answer = 0;
        do
            answer = ::poll(&p, 1, 30'000);
        while (answer < 0 && error::last(attempt::wait) == EINTR);
        RONDO_ASSERT(answer > 0, "operations under skip_success, or a forked child that holds the "
                                 "ring's descriptor, kept a ring alive for 30 s after its end");
    }

private:
    unique_fd read_end_;
    bool armed_ = false;
};

} // namespace

/// In a child process the mapped queues do not exist: their addresses may be something else's.
static void forget_mappings(ring_state& state) noexcept {
    state.rings.forget();
    state.completions.forget();
    state.sqes.forget();
    state.own_memory.forget();
    state.waits.forget();
}

void ring::close() noexcept {
    ring_state* const state = std::exchange(state_, nullptr);
    if (state == nullptr)
        return;
    state_ = state;
    registrar& registry = *state->registry.operator->();
    int const fd = registry.fd();
    if (guard_->alive == 0) {
        forget_mappings(*state);
    } else if (guard_->owner != 0 && guard_->owner == this_thread_stamp) {
        bool const drained = drain();
        if (!drained && (silent_ != 0 || in_flight() != 0)) {
            release_barrier barrier(registry);
            RONDO_ASSERT(barrier.is_armed() || in_flight() <= silent_,
                         "a ring ended with operations in flight that cannot be waited for: its "
                         "descriptor was closed behind its back, or restrictions forbid it");
            leave_thread(registry);
            registry.set_closed();
            if (fd >= 0)
                state->backend().close(fd);
            forget(state); // the mappings hold the ring too
            barrier.wait();
            return;
        }
        leave_thread(registry);
    } else if (guard_->owner != 0) {
        // What its own thread's end has cancelled lies in the queue already.
        for (abi::cqe c; cq_.pop(c);)
            continue;
        RONDO_ASSERT(in_flight() <= silent_,
                     "a ring was destroyed on another thread than its own with operations in "
                     "flight: only their own thread can wait for them");
    }
    registry.set_closed();
    if (fd >= 0)
        state->backend().close(fd);
    forget(state);
}

/// Takes the descriptor out of this thread's table. For a ring that has no other this closes it.
void ring::leave_thread(registrar& registry) noexcept {
    if (registry.registered_index() < 0)
        return;
    abi::rsrc_update entry{static_cast<std::uint32_t>(registry.registered_index()), 0, 0};
    static_cast<void>(registry.call(abi::register_op::unregister_ring_fds, &entry, 1));
    registry.set_registered_index(-1, false);
}

void ring::forget(ring_state* state) noexcept {
    state_ = nullptr;
    sq_ = {};
    cq_ = {};
    guard_ = &moved_from_guard;
    enter_fd_ = -1;
    delete state;
}

} // namespace rondo
