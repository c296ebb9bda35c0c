// SPDX-License-Identifier: MIT
#pragma once

// event: a door that is open or shut, for any number of those who wait: coroutines, and threads
// without a loop (wait_request.hpp). Any thread; what waits goes on on its own loop.

#include <rondo/coro/wait_request.hpp>

namespace rondo {
namespace detail {

class event_wait;

} // namespace detail

/// See the top of this file. Destroying one that is waited for aborts.
class event {
public:
    explicit event(bool is_set = false) noexcept : is_set_(is_set) {}
    event(event const&) = delete;
    event& operator=(event const&) = delete;
    ~event();

    /// All who wait go on, and who would wait does not, until reset().
    void set() noexcept;
    /// Who was let go on by set() goes on all the same.
    void reset() noexcept;
    [[nodiscard]] bool is_set() noexcept;
    /// result<>. A stop ends the wait with an error, unless the event was set first.
    [[nodiscard]] detail::wait_request<detail::event_wait> wait() noexcept;

private:
    friend class detail::event_wait;

    bool pass_or_wait(detail::waiter& w) noexcept;

    word_lock lock_;
    detail::waiter_list waiting_{lock_};
    bool is_set_; // nobody waits then
};

namespace detail {

class event_wait final : public waiter {
public:
    using value_type = result<>;
    using subject_type = event*;

    event_wait(strand* line, event* of) noexcept : waiter(line, functions_of), of_(of) {}
    [[nodiscard]] bool await_ready() noexcept { return is_stopped() || of_->pass_or_wait(*this); }
    [[nodiscard]] value_type await_resume() const noexcept {
        if (outcome() == wait_outcome::granted)
            return {};
        return fail(failure());
    }

private:
    static constexpr wait_functions functions_of{{&stop_it, "event"}};

    event* of_;
};

} // namespace detail

inline detail::wait_request<detail::event_wait> event::wait() noexcept {
    return detail::wait_request<detail::event_wait>(this);
}

} // namespace rondo
