// SPDX-License-Identifier: MIT
#pragma once

// context: loops on threads of their own, and the tasks that were given to them. Any thread.
//
//     auto cx = context::create({.threads = 4}).or_throw("context");
//     cx.spawn([] { return serve(8080); });
//     cx.stop();
//     cx.join().or_throw("the server");

#include <rondo/core/sole_owner.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/loop.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rondo {

class scope;

struct context_options {
    /// 0: as many as there are CPUs that this process may use.
    std::size_t threads = 0;
    /// Each thread stays on one of those CPUs.
    bool pinned = false;
    loop_options loop{};
};

namespace detail {

/// A function to be called on a loop's thread, with the scope of that thread's tasks. Deletes
/// itself.
class errand : public inbox_item {
public:
    explicit errand(run_function run) noexcept : inbox_item(run) {}

    scope* tasks = nullptr;

protected:
    ~errand() = default;
};

void spawn_into(scope& tasks, task<void> t) noexcept;
void spawn_into(scope& tasks, task<result<void>> t) noexcept;

template <class Make>
class errand_of final : public errand {
public:
    explicit errand_of(Make&& make) : errand(&run), make_(std::move(make)) {}

private:
    static void run(inbox_item& m) noexcept {
        std::unique_ptr<errand_of> const self(static_cast<errand_of*>(&m));
        spawn_into(*self->tasks, begin(std::move(self->make_)));
    }
    /// The function lives as long as its task, which may use what it captured.
    static auto begin(Make make) -> std::invoke_result_t<Make&> { co_return co_await make(); }

    Make make_;
};

} // namespace detail

/// See the top of this file. Move-only. Its threads end when it is destroyed, which stops and joins
/// it; so look at join() first.
class context {
public:
    /// As ring::create, or EAGAIN when there can be no more threads.
    [[nodiscard]] static result<context> create(context_options const& options = {}) noexcept;
    context(context&& other) noexcept;
    context& operator=(context&&) = delete;
    ~context();

    [[nodiscard]] std::size_t size() const noexcept;
    /// The loop of a thread, for on() and inbox().
    [[nodiscard]] loop& at(std::size_t thread) const noexcept;

    /// Has make() called, which makes a task<> or task<result<>>, and the task run on the next
    /// thread in turn. ENOMEM; ECANCELED with cause::ended when join() has found all tasks over.
    template <class Make>
    result<> spawn(Make make) noexcept {
        return spawn_on(next(), std::move(make));
    }
    /// The same on a thread of the caller's choice.
    template <class Make>
    result<> spawn_on(std::size_t thread, Make make) noexcept {
        static_assert(std::is_nothrow_move_constructible_v<Make>);
        auto* const one = new (std::nothrow) detail::errand_of<Make>(std::move(make));
        if (one == nullptr)
            return fail(ENOMEM, attempt::allocate);
        if (send(thread, *one))
            return {};
        delete one;
        return fail(ECANCELED, attempt::use_closed, cause::ended);
    }

    /// Asks all tasks for their end, those spawned later as well.
    void stop() noexcept;
    /// Waits until all tasks are over, and ends the threads. The first failure of a task, which had
    /// the others stopped, on all threads; throws what one threw. Once.
    result<> join();

private:
    struct state;
    explicit context(std::unique_ptr<state>&& made) noexcept;
    [[nodiscard]] std::size_t next() noexcept;
    [[nodiscard]] bool send(std::size_t thread, detail::errand& one) noexcept;

    detail::sole_owner<state> state_;
};

/// A context for programs that want none of this: made when it is first asked for, with all CPUs,
/// and never destroyed.
[[nodiscard]] result<context*> default_context() noexcept;

} // namespace rondo
