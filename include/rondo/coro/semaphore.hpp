// SPDX-License-Identifier: MIT
#pragma once

// semaphore: a number of permits, handed out in order of arrival, so that who wants many is not
// passed by who wants few. Who waits is a coroutine, or a thread without a loop
// (wait_request.hpp). Any thread; what waits goes on on its own loop.
//
//     result<semaphore::permit> p = co_await s.acquire();

#include <rondo/coro/wait_request.hpp>

#include <cstddef>
#include <utility>

namespace rondo {
namespace detail {

class acquire_wait;

} // namespace detail

/// See the top of this file. Destroying one that is waited for aborts; it outlives its permits, and
/// those who wait until they have gone on.
class semaphore {
public:
    /// Permits; they go back when it is destroyed, on whichever thread. Move-only.
    class [[nodiscard("the permits go back when this is destroyed")]] permit {
    public:
        permit(permit&& other) noexcept : of_(other.of_), count_(std::exchange(other.count_, 0)) {}
        permit& operator=(permit&& other) noexcept {
            if (this != &other) {
                give_back();
                of_ = other.of_;
                count_ = std::exchange(other.count_, 0);
            }
            return *this;
        }
        ~permit() { give_back(); }
        void give_back() noexcept {
            if (std::size_t const n = std::exchange(count_, 0); n != 0)
                of_->release(n);
        }
        /// They do not go back; returns how many there were. Who has used them up, or releases them
        /// elsewhere.
        std::size_t keep() noexcept { return std::exchange(count_, 0); }
        [[nodiscard]] std::size_t count() const noexcept { return count_; }

    private:
        friend class semaphore;
        friend class detail::acquire_wait;
        permit(semaphore& of, std::size_t n) noexcept : of_(&of), count_(n) {}

        semaphore* of_;
        std::size_t count_;
    };

    explicit semaphore(std::size_t permits) noexcept : free_(permits) {}
    semaphore(semaphore const&) = delete;
    semaphore& operator=(semaphore const&) = delete;
    ~semaphore();

    /// result<permit>. A stop ends the wait with an error, unless the permits came first.
    [[nodiscard]] detail::wait_request<detail::acquire_wait> acquire(std::size_t n = 1) noexcept;
    /// EAGAIN if there are not as many, or others wait.
    [[nodiscard]] result<permit> try_acquire(std::size_t n = 1) noexcept;
    /// More permits, taken before or new.
    void release(std::size_t n = 1) noexcept;
    /// As of now.
    [[nodiscard]] std::size_t available() noexcept;

private:
    friend class detail::acquire_wait;

    bool take_or_wait(detail::acquire_wait& w) noexcept;
    void grant(detail::woken& to) noexcept;

    word_lock lock_;
    detail::waiter_list waiting_{lock_};
    std::size_t free_; // less than the first in line wants
};

namespace detail {

class acquire_wait final : public waiter {
public:
    using value_type = result<semaphore::permit>;
    struct subject_type {
        semaphore* of;
        std::size_t count;
    };

    acquire_wait(strand* line, subject_type what) noexcept
        : waiter(line, functions_of), what_(what) {}
    [[nodiscard]] bool await_ready() noexcept {
        return is_stopped() || what_.of->take_or_wait(*this);
    }
    [[nodiscard]] value_type await_resume() const noexcept {
        if (outcome() == wait_outcome::granted)
            return semaphore::permit(*what_.of, what_.count);
        return fail(failure());
    }
    [[nodiscard]] std::size_t count() const noexcept { return what_.count; }

private:
    /// Those behind it may want less.
    static void left(waiter& self, woken& others) noexcept {
        static_cast<acquire_wait&>(self).what_.of->grant(others);
    }
    static constexpr wait_functions functions_of{{&stop_it, "semaphore"}, &left};

    subject_type what_;
};

} // namespace detail

inline detail::wait_request<detail::acquire_wait> semaphore::acquire(std::size_t n) noexcept {
    return detail::wait_request<detail::acquire_wait>({this, n});
}

} // namespace rondo
