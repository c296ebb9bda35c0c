// SPDX-License-Identifier: MIT
#pragma once

// What lock(), acquire(), receive() and their like return: a wait that is yet to begin. In a task
// it is awaited; timeout() bounds it; sync_wait() lets a thread without a loop wait. One thread.
//
//     auto value = co_await rx.receive();
//     auto soon = co_await timeout(rx.receive(), 5s);
//     auto here = sync_wait(rx.receive(), 5s); // on a thread that runs no loop

#include <rondo/core/assert.hpp>
#include <rondo/core/duration.hpp>
#include <rondo/coro/waiter.hpp>

#include <concepts>
#include <coroutine>
#include <utility>

namespace rondo {
namespace detail {

/// `Wait` is a waiter that is also an awaiter, made of a strand and of what it waits for.
template <class Wait>
class [[nodiscard("co_await it, or give it to sync_wait()")]] wait_request {
public:
    using wait = Wait;
    using value_type = typename Wait::value_type;
    using subject_type = typename Wait::subject_type;

    explicit constexpr wait_request(subject_type what) noexcept : what_(what) {}
    [[nodiscard]] subject_type subject() const noexcept { return what_; }
    [[nodiscard]] Wait in(strand& line) const noexcept { return Wait(&line, what_); }

private:
    subject_type what_;
};

template <class R>
concept waits = requires(R& r) {
    typename R::wait::value_type;
    typename R::wait::subject_type;
    { r.subject() } -> std::same_as<typename R::wait::subject_type>;
};

/// A wait that a timer of the loop's ends.
template <class Wait>
class timed_wait final : timer {
public:
    timed_wait(strand& line, typename Wait::subject_type what, deadline until) noexcept
        : timer(&expired), on_(line.where()), until_(until), inner_(&line, what) {}
    timed_wait(timed_wait const&) = delete;

    [[nodiscard]] bool await_ready() noexcept { return inner_.await_ready(); }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        inner_.await_suspend(frame);
        on_.timers().arm(*this, on_.time_of(until_));
    }
    [[nodiscard]] typename Wait::value_type await_resume() noexcept {
        on_.timers().disarm(*this);
        return inner_.await_resume();
    }

private:
    static void expired(timer& t) noexcept {
        static_cast<timed_wait&>(t).inner_.give_up(wait_outcome::late);
    }

    loop& on_;
    deadline until_;
    Wait inner_;
};

template <class Request>
class [[nodiscard("co_await it")]] timed_request {
public:
    using value_type = typename Request::value_type;

    timed_request(Request&& inner, deadline until) noexcept
        : inner_(std::move(inner)), until_(until) {}
    [[nodiscard]] timed_wait<typename Request::wait> in(strand& line) noexcept {
        return timed_wait<typename Request::wait>(line, inner_.subject(), until_);
    }

private:
    Request inner_;
    deadline until_;
};

} // namespace detail

/// Awaits it, but not for longer: ETIME. What was granted before is delivered all the same.
template <detail::waits Request>
[[nodiscard]] detail::timed_request<Request> timeout(Request r, deadline until) noexcept {
    return detail::timed_request<Request>(std::move(r), until);
}

/// Waits on a thread that runs no loop; ETIME.
template <detail::waits Request>
typename Request::value_type sync_wait(Request r, deadline until = {}) noexcept {
    RONDO_ASSERT(loop::current() == nullptr,
                 "sync_wait() would hold up the loop of this thread; co_await it in a task");
    typename Request::wait w(nullptr, r.subject());
    if (!w.await_ready())
        w.sleep(until);
    return w.await_resume();
}

} // namespace rondo
