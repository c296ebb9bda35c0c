// SPDX-License-Identifier: MIT
#pragma once

// when_all, when_any: several tasks at once, each a strand of its own, all over before the awaiting
// one goes on. Every result comes back. And timeout. One thread: the loop's.
//
//     auto [a, b] = co_await when_all(first(), op::read{...});
//     auto any = co_await when_any(from_cache(), from_disk());
//     auto n = co_await timeout(receive(), 5s);           // ETIME when it took longer

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/coro/wait_request.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace rondo {

/// What when_any gives: who was over first, and what all of them came to. Those that lost were
/// stopped; one that had its result already delivers it all the same.
template <class... Ts>
struct any_of {
    std::size_t first;
    std::tuple<Ts...> results;
};

namespace detail {

/// A task as it is; an operation, or what else can be awaited, as a task.
template <class T>
task<T> task_of(task<T>&& t) {
    return std::move(t);
}
template <op::operation Op>
task<result<typename Op::value_type>> task_of(Op o) {
    co_return co_await o;
}
inline task<result<>> task_of(sleep_request s) { co_return co_await s; }
template <waits Request>
task<typename Request::value_type> task_of(Request r) {
    co_return co_await r;
}

template <class A>
using value_of_task = typename decltype(task_of(std::declval<A>()))::value_type;
template <class T>
using value_or_unit = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Tasks started together. Pinned in the awaiting frame.
class group : work {
public:
    explicit group(strand& line, bool first_ends) noexcept
        : work(&resume, functions_of), line_(line), first_ends_(first_ends) {}
    group(group const&) = delete;

    [[nodiscard]] std::size_t first() const noexcept { return first_; }

protected:
    ~group() = default;
    /// Starts them; false if all were over at once.
    bool start(task_promise_base* const* all, std::size_t n,
               void (*begin)(group&, std::size_t) noexcept, std::coroutine_handle<> frame) noexcept;
    static void over(task_promise_base& p) noexcept;
    [[nodiscard]] strand& line() const noexcept { return line_; }

private:
    void stop_all_but(std::size_t spared) noexcept;
    static void resume(work& w) noexcept;
    static void stop_it(work& w) noexcept;
    static constexpr work_functions functions_of{&stop_it, "join"};
    static constexpr std::size_t none = ~std::size_t{0};

    strand& line_;
    std::coroutine_handle<> frame_;
    task_promise_base* const* all_ = nullptr;
    std::size_t count_ = 0;
    std::size_t running_ = 0;
    std::size_t first_ = none;
    bool first_ends_;
    bool starting_ = false;
    bool stopping_ = false;
};

template <bool FirstEnds, class... Ts>
class group_of final : group {
public:
    group_of(strand& on, std::tuple<task<Ts>...>&& tasks) noexcept
        : group(on, FirstEnds), tasks_(std::move(tasks)) {}

    [[nodiscard]] static bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> frame) noexcept {
        std::apply([this](auto&... t) { promises_ = {&t.promise()...}; }, tasks_);
        return start(promises_.data(), sizeof...(Ts), &begin_one, frame);
    }
    auto await_resume() {
        auto all = std::apply(
            [](auto&... t) { return std::tuple<value_or_unit<Ts>...>{value_of_one(t)...}; },
            tasks_);
        if constexpr (FirstEnds)
            return any_of<value_or_unit<Ts>...>{first(), std::move(all)};
        else
            return all;
    }

private:
    template <class T>
    static value_or_unit<T> value_of_one(task<T>& t) {
        auto& p = static_cast<task_promise<T>&>(*t.base());
        if constexpr (std::is_void_v<T>) {
            p.take();
            return {};
        } else {
            return p.take();
        }
    }
    static void begin_one(group& g, std::size_t i) noexcept {
        auto& self = static_cast<group_of&>(g);
        self.begin_at(i, std::index_sequence_for<Ts...>{});
    }
    template <std::size_t... I>
    void begin_at(std::size_t i, std::index_sequence<I...>) noexcept {
        static_cast<void>(((i == I ? (begin_strand(std::get<I>(tasks_).promise(), line().where(),
                                                   &group::over, static_cast<group*>(this)),
                                      true)
                                   : false) ||
                           ...));
    }

    std::tuple<task<Ts>...> tasks_;
    std::array<task_promise_base*, sizeof...(Ts)> promises_{};
};

template <bool FirstEnds, class... Ts>
class [[nodiscard("co_await it")]] group_request {
public:
    explicit group_request(task<Ts>&&... tasks) noexcept : tasks_(std::move(tasks)...) {}
    [[nodiscard]] group_of<FirstEnds, Ts...> in(strand& line) && noexcept {
        return group_of<FirstEnds, Ts...>(line, std::move(tasks_));
    }

private:
    std::tuple<task<Ts>...> tasks_;
};

template <bool FirstEnds, class... Ts>
group_request<FirstEnds, Ts...> request_of(task<Ts>&&... tasks) noexcept {
    return group_request<FirstEnds, Ts...>(std::move(tasks)...);
}

} // namespace detail

/// Awaits all: a tuple of their values, std::monostate where there is none. If one throws the
/// others are stopped, and what it threw is thrown when they are over.
template <class... As>
    requires(sizeof...(As) > 0)
[[nodiscard]] auto when_all(As&&... what) {
    return detail::request_of<false>(detail::task_of(std::forward<As>(what))...);
}

/// Awaits the first; then stops the others and awaits them too.
template <class... As>
    requires(sizeof...(As) > 0)
[[nodiscard]] auto when_any(As&&... what) {
    return detail::request_of<true>(detail::task_of(std::forward<As>(what))...);
}

} // namespace rondo
