// SPDX-License-Identifier: MIT
#pragma once

// mutex: one at a time, in order of arrival, and whoever waits is a coroutine that sleeps, or a
// thread without a loop (wait_request.hpp). Held across co_await, if need be. Any thread; what
// waits goes on on its own loop.
//
//     result<mutex::guard> held = co_await m.lock();

#include <rondo/coro/wait_request.hpp>

#include <utility>

namespace rondo {
namespace detail {

class lock_wait;

} // namespace detail

/// See the top of this file. Destroying one that is held or waited for aborts; it outlives those
/// who wait, until they have gone on.
class mutex {
public:
    /// Holds the mutex; lets go when it is destroyed, on whichever thread. Move-only.
    class [[nodiscard("the mutex is let go when its guard is destroyed")]] guard {
    public:
        guard(guard&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        guard& operator=(guard&& other) noexcept {
            if (mutex* const old = std::exchange(of_, std::exchange(other.of_, nullptr)))
                old->let_go();
            return *this;
        }
        ~guard() { unlock(); }
        /// Before its time; the next in line has it then.
        void unlock() noexcept {
            if (mutex* const old = std::exchange(of_, nullptr))
                old->let_go();
        }
        [[nodiscard]] bool holds() const noexcept { return of_ != nullptr; }

    private:
        friend class mutex;
        friend class detail::lock_wait;
        explicit guard(mutex& of) noexcept : of_(&of) {}

        mutex* of_;
    };

    mutex() noexcept = default;
    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;
    ~mutex();

    /// result<guard>. A stop ends the wait with an error, unless the mutex came first.
    [[nodiscard]] detail::wait_request<detail::lock_wait> lock() noexcept;
    /// EAGAIN if it is held.
    [[nodiscard]] result<guard> try_lock() noexcept;

private:
    friend class detail::lock_wait;

    bool take_or_wait(detail::waiter& w) noexcept;
    void let_go() noexcept;

    word_lock lock_;
    detail::waiter_list waiting_{lock_};
    bool held_ = false; // by who waited longest, once it is let go
};

namespace detail {

class lock_wait final : public waiter {
public:
    using value_type = result<mutex::guard>;
    using subject_type = mutex*;

    lock_wait(strand* line, mutex* of) noexcept : waiter(line, functions_of), of_(of) {}
    [[nodiscard]] bool await_ready() noexcept { return is_stopped() || of_->take_or_wait(*this); }
    [[nodiscard]] value_type await_resume() const noexcept {
        if (outcome() == wait_outcome::granted)
            return mutex::guard(*of_);
        return fail(failure());
    }

private:
    static constexpr wait_functions functions_of{{&stop_it, "mutex"}};

    mutex* of_;
};

} // namespace detail

inline detail::wait_request<detail::lock_wait> mutex::lock() noexcept {
    return detail::wait_request<detail::lock_wait>(this);
}

} // namespace rondo
