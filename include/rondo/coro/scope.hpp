// SPDX-License-Identifier: MIT
#pragma once

// scope: tasks that run beside the one that spawned them, and are over before it goes on. The first
// that fails stops the others; what stops the spawning strand stops them too. One thread: the
// loop's.
//
//     auto joined = co_await with_scope([&](scope& s) -> task<> {
//         for (;;)
//             s.spawn(serve((co_await accept()).or_throw("accept")));
//     });

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/core/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace rondo {

/// What a failure of one task of a scope means for the others.
enum class on_failure : std::uint8_t {
    stop_all, ///< they are stopped
    collect,  ///< they go on, and scope::errors() has them all
};

/// See the top of this file. Destroying one with tasks that are not over aborts: join() it first,
/// or use with_scope().
class scope {
public:
    /// For `line`, of which it is told by co_await this_strand().
    explicit scope(strand& line, on_failure what = on_failure::stop_all) noexcept;
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;
    ~scope();

    /// Starts `t` as a strand of its own, in place until it first has to wait. What it throws is
    /// thrown by join().
    void spawn(task<void> t) noexcept { begin(std::move(t), &over<void>); }
    void spawn(task<result<void>> t) noexcept { begin(std::move(t), &over<result<void>>); }

    /// Asks all tasks for their end, those spawned later as well.
    void stop() noexcept;
    [[nodiscard]] std::size_t running() const noexcept { return running_; }
    /// With on_failure::collect: what failed, in order.
    [[nodiscard]] std::vector<error> const& errors() const noexcept { return errors_; }

    /// Has `tell(argument)` called when the first task fails, before the others are stopped.
    void when_failed(void (*tell)(void*) noexcept, void* argument) noexcept {
        tell_ = tell;
        tell_argument_ = argument;
    }

    class joiner;
    /// What join() returns.
    class [[nodiscard("co_await it")]] join_request {
    public:
        explicit join_request(scope& whose) noexcept : scope_(whose) {}
        [[nodiscard]] joiner in(strand& line) const noexcept;

    private:
        scope& scope_;
    };
    /// co_await s.join(): waits until all tasks are over, those spawned meanwhile too. The first
    /// failure, but a task that ended because it was stopped is none; throws what a task threw.
    /// A stop of the scope's strand stops the tasks, and is waited for.
    [[nodiscard]] join_request join() noexcept { return join_request(*this); }

private:
    friend class loop_scope;

    template <class T>
    void begin(task<T>&& t, detail::task_promise_base::done_function done) noexcept {
        auto const frame = t.release();
        link(frame.promise());
        detail::begin_strand(frame.promise(), line_.where(), done, this);
    }
    template <class T>
    static void over(detail::task_promise_base& base) noexcept {
        auto& p = static_cast<detail::task_promise<T>&>(base);
        auto& self = *static_cast<scope*>(p.owner);
        std::exception_ptr thrown = p.thrown;
        error failed;
        if constexpr (!std::is_void_v<T>)
            if (!thrown)
                if (auto const value = p.take(); !value)
                    failed = value.error();
        self.unlink(p);
        std::coroutine_handle<detail::task_promise<T>>::from_promise(p).destroy();
        self.one_is_over(failed, std::move(thrown));
    }
    struct hook : stop_hook {
        explicit hook(scope& whose) noexcept;
        scope& owner;
    };

    void link(detail::task_promise_base& p) noexcept;
    void unlink(detail::task_promise_base& p) noexcept;
    void one_is_over(error failed, std::exception_ptr&& thrown) noexcept;
    result<> outcome();

    strand& line_;
    detail::task_promise_base* first_ = nullptr;
    std::size_t running_ = 0;
    on_failure what_;
    bool stopped_ = false;
    error failed_;
    std::exception_ptr thrown_;
    std::vector<error> errors_;
    void (*tell_)(void*) noexcept = nullptr;
    void* tell_argument_ = nullptr;
    joiner* joining_ = nullptr;
    hook hook_{*this};
};

/// The tasks of a loop that is not run by sync_wait(): that another event loop drives, say. All of
/// them are over before it is destroyed, or it aborts. The loop's thread.
class loop_scope {
public:
    explicit loop_scope(loop& on, on_failure what = on_failure::stop_all) noexcept
        : line_(on), tasks_(line_, what) {}

    /// As scope::spawn.
    void spawn(task<void> t) noexcept { tasks_.spawn(std::move(t)); }
    void spawn(task<result<void>> t) noexcept { tasks_.spawn(std::move(t)); }
    void stop() noexcept { line_.request_stop(); }
    [[nodiscard]] std::size_t running() const noexcept { return tasks_.running(); }
    /// When none is running: the first failure; throws what a task threw.
    result<> outcome() {
        RONDO_ASSERT(running() == 0, "the outcome of tasks was asked for before they were over");
        return tasks_.outcome();
    }

private:
    strand line_;
    scope tasks_;
};

/// Waits for the tasks of a scope.
class scope::joiner final : work {
public:
    explicit joiner(scope& whose) noexcept : work(&resume, functions_of), scope_(whose) {}
    joiner(joiner const&) = delete;
    [[nodiscard]] bool await_ready() const noexcept { return scope_.running_ == 0; }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        wait();
    }
    result<> await_resume() { return scope_.outcome(); }

private:
    friend class scope;
    void wait() noexcept {
        RONDO_ASSERT(scope_.joining_ == nullptr, "a scope was joined by two tasks at once");
        scope_.joining_ = this;
    }
    static void resume(work& w) noexcept {
        auto& self = static_cast<joiner&>(w);
        if (self.scope_.running_ != 0) // spawned by another strand when the rest were over
            return self.wait();
        self.frame_.resume();
    }
    static void nothing(work&) noexcept {} // the scope has a hook of its own
    static constexpr work_functions functions_of{&nothing, "join"};

    scope& scope_;
    std::coroutine_handle<> frame_;
};

inline scope::joiner scope::join_request::in(strand&) const noexcept { return joiner(scope_); }

namespace detail {

template <class Body>
task<result<>> run_in_scope(Body body, on_failure what) {
    scope s{co_await this_strand(), what};
    std::exception_ptr thrown;
    error failed;
    try {
        using outcome = typename decltype(body(s))::value_type;
        if constexpr (std::is_void_v<outcome>) {
            co_await body(s);
        } else {
            outcome const ended = co_await body(s);
            if (!ended)
                failed = ended.error();
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown || failed.code() != 0)
        s.stop();
    result<> joined = co_await s.join();
    if (thrown)
        std::rethrow_exception(thrown);
    if (failed.code() != 0)
        co_return fail(failed);
    co_return joined;
}

} // namespace detail

/// Runs body(scope&), a task<> or task<result<>>, and waits for what it spawned. If it throws or
/// fails, the tasks are stopped first. `body` is kept until then, with what it captured.
template <class Body>
[[nodiscard]] task<result<>> with_scope(Body body, on_failure what = on_failure::stop_all) {
    return detail::run_in_scope(std::move(body), what);
}

} // namespace rondo
