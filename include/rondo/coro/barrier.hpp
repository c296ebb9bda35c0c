// SPDX-License-Identifier: MIT
#pragma once

// barrier: a number of parties that wait for one another, as often as they like: coroutines, and
// threads without a loop (wait_request.hpp). Any thread; what waits goes on on its own loop.

#include <rondo/coro/wait_request.hpp>

#include <cstddef>

namespace rondo {
namespace detail {

class barrier_wait;

} // namespace detail

/// See the top of this file. Destroying one that is waited for aborts.
class barrier {
public:
    /// At least one party.
    explicit barrier(std::size_t parties) noexcept;
    barrier(barrier const&) = delete;
    barrier& operator=(barrier const&) = delete;
    ~barrier();

    /// result<>: all parties have come. A stop ends the wait with an error, unless all were there
    /// first; the party counts as not having come then: it comes again, or leaves.
    [[nodiscard]] detail::wait_request<detail::barrier_wait> arrive_and_wait() noexcept;
    /// One party less, from now on; it must not be one that waits.
    void leave() noexcept;

private:
    friend class detail::barrier_wait;

    bool arrive(detail::waiter& w) noexcept;

    word_lock lock_;
    detail::waiter_list waiting_{lock_};
    std::size_t parties_;
    std::size_t arrived_ = 0; // and waiting
};

namespace detail {

class barrier_wait final : public waiter {
public:
    using value_type = result<>;
    using subject_type = barrier*;

    barrier_wait(strand* line, barrier* of) noexcept : waiter(line, functions_of), of_(of) {}
    [[nodiscard]] bool await_ready() noexcept { return is_stopped() || of_->arrive(*this); }
    [[nodiscard]] value_type await_resume() const noexcept {
        if (outcome() == wait_outcome::granted)
            return {};
        return fail(failure());
    }

private:
    static void left(waiter& self, woken&) noexcept {
        --static_cast<barrier_wait&>(self).of_->arrived_;
    }
    static constexpr wait_functions functions_of{{&stop_it, "barrier"}, &left};

    barrier* of_;
};

} // namespace detail

inline detail::wait_request<detail::barrier_wait> barrier::arrive_and_wait() noexcept {
    return detail::wait_request<detail::barrier_wait>(this);
}

} // namespace rondo
