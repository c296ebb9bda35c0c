// SPDX-License-Identifier: MIT
#pragma once

// task: a coroutine that starts when it is awaited, and is over when its awaiter goes on. It runs
// on the strand of who awaits it. What can be awaited in it: operations, chains, other tasks, and
// what has a member in(strand&) that makes an awaiter; nothing else.
//
//     rondo::task<rondo::result<std::size_t>> first_bytes(int fd, std::span<std::byte> into) {
//         co_return co_await op::read{.fd = fd, .into = into, .at = 0};
//     }
//
// One thread: the loop's. Parameters are copied into the frame as declared: what is passed by
// reference must outlive the task. g++ 12 makes wrong code of a co_await with a temporary in the
// condition of if, while or switch, beside && and ||, and in ?:; give it a variable of its own.

#include <rondo/coro/chain.hpp>
#include <rondo/coro/frame.hpp>
#include <rondo/coro/operation.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/core/assert.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rondo {

template <class T = void>
class task;

namespace detail {

/// What a task's frame has besides its value.
class task_promise_base : public frame_memory {
public:
    using done_function = void (*)(task_promise_base& self) noexcept;

    /// The strand it runs on.
    strand* line = nullptr;
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr thrown;
    bool starting = false; // inside its first resumption, by its awaiter
    // Of a task that begins a strand of its own:
    done_function done = nullptr; // called when it is over; may destroy it
    void* owner = nullptr;        // for `done`
    strand own;
    task_promise_base* previous = nullptr; // of its owner's list
    task_promise_base* next = nullptr;

    static std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
        [[nodiscard]] static bool await_ready() noexcept { return false; }
        template <class Promise>
        static std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) noexcept {
            task_promise_base& p = h.promise();
            if (p.done != nullptr) {
                p.done(p);
                return std::noop_coroutine();
            }
            if (p.starting) {
                p.starting = false;
                return std::noop_coroutine();
            }
            return p.continuation;
        }
        static void await_resume() noexcept {}
    };
    static final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    template <op::operation Op>
    [[gnu::always_inline]] operation_awaiter<Op> await_transform(Op const& o) noexcept {
        return operation_awaiter<Op>(*line, o);
    }
    template <class... Ops>
    chain_awaiter<Ops...> await_transform(op::chain<Ops...> const& c) noexcept {
        return chain_awaiter<Ops...>(*line, c);
    }
    template <class Awaitable>
        requires requires(Awaitable&& a, strand& s) { std::forward<Awaitable>(a).in(s); }
    decltype(auto) await_transform(Awaitable&& a) noexcept(
        noexcept(std::forward<Awaitable>(a).in(*line))) {
        return std::forward<Awaitable>(a).in(*line);
    }
};

template <class T>
class task_promise final : public task_promise_base {
public:
    task<T> get_return_object() noexcept;
    template <class U = T>
        requires std::constructible_from<T, U&&>
    void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
        value_.emplace(std::forward<U>(value));
    }
    /// Its value; throws what the task threw.
    [[nodiscard]] T take() {
        if (thrown) [[unlikely]]
            std::rethrow_exception(std::exchange(thrown, nullptr));
        RONDO_ASSERT(value_, "a task is over without a value");
        return std::move(*value_);
    }

private:
    std::optional<T> value_;
};
template <>
class task_promise<void> final : public task_promise_base {
public:
    task<void> get_return_object() noexcept;
    static void return_void() noexcept {}
    void take() {
        if (thrown) [[unlikely]]
            std::rethrow_exception(std::exchange(thrown, nullptr));
    }
};

} // namespace detail

/// See the top of this file. Move-only.
template <class T>
class [[nodiscard("a task does nothing until it is awaited")]] task {
public:
    using value_type = T;
    using promise_type = detail::task_promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&&) = delete;
    /// Before it was started, or after it is over.
    ~task() {
        if (frame_) {
            RONDO_ASSERT(frame_.promise().line == nullptr || frame_.done(),
                         "a task was destroyed before it was over; stop it and await it");
            frame_.destroy();
        }
    }

    /// What awaits it. Its coroutine runs in place until it first has to wait, so one that never
    /// does costs no suspension, and none grows the stack.
    class [[nodiscard]] joiner {
    public:
        explicit joiner(handle frame) noexcept : frame_(frame) {}
        [[nodiscard]] static bool await_ready() noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> awaiting) const noexcept {
            promise_type& p = frame_.promise();
            p.continuation = awaiting;
            p.starting = true;
            frame_.resume();
            return std::exchange(p.starting, false);
        }
        T await_resume() const { return frame_.promise().take(); }

    private:
        handle frame_;
    };
    joiner in(strand& line) && noexcept {
        RONDO_ASSERT(frame_ && frame_.promise().line == nullptr,
                     "a task was awaited twice, or after it was moved away");
        frame_.promise().line = &line;
        return joiner(frame_);
    }

    /// For those who run tasks as strands of their own. The task keeps its frame.
    [[nodiscard]] promise_type& promise() const noexcept {
        RONDO_ASSERT(frame_ && frame_.promise().line == nullptr,
                     "a task was awaited twice, or after it was moved away");
        return frame_.promise();
    }
    /// The same at any time.
    [[nodiscard]] promise_type* base() const noexcept { return &frame_.promise(); }
    /// The frame is the caller's from now on.
    [[nodiscard]] handle release() noexcept { return std::exchange(frame_, nullptr); }

private:
    friend promise_type;
    explicit task(handle frame) noexcept : frame_(frame) {}

    handle frame_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

/// Starts a task as a strand of its own, whose `done` is called when it is over: maybe before this
/// returns.
template <class Promise>
void begin_strand(Promise& p, loop& on, task_promise_base::done_function done,
                  void* owner) noexcept {
    p.own.set_where(on);
    p.line = &p.own;
    p.done = done;
    p.owner = owner;
    std::coroutine_handle<Promise>::from_promise(p).resume();
}

} // namespace detail
} // namespace rondo
