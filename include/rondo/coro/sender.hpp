// SPDX-License-Identifier: MIT
#pragma once

// as_sender(loop, op): an operation in the form that P2300 gives to asynchronous work, for who has
// no coroutine: connect() to a receiver makes its state, which is kept in place, and start() sends
// it. Nothing is allocated. One thread: the loop's.
//
//     auto state = as_sender(on, op::read{.fd = f, .into = bytes, .at = 0}).connect(receiver);
//     state.start();

#include <rondo/coro/operation.hpp>
#include <rondo/loop/lending.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/loop/may_start.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace rondo {

namespace detail {

template <class R, class V>
inline constexpr bool takes_value =
    requires(R& to, V&& value) { requires noexcept(to.set_value(std::move(value))); };
template <class R>
inline constexpr bool takes_value<R, void> = requires(R& to) { requires noexcept(to.set_value()); };

} // namespace detail

/// Is told how an operation ended, by one of three calls that do not throw: set_value() with the
/// operation's value, if it has one, set_error() with an error, or set_stopped().
template <class R, class V>
concept receiver_of = std::is_nothrow_move_constructible_v<R> && detail::takes_value<R, V> &&
                      requires(R& to, error const& why) {
                          requires noexcept(to.set_error(why));
                          requires noexcept(to.set_stopped());
                      };

/// What connect() makes: an operation and who is told of its end. Pinned. Lives, with the memory
/// that the operation names, until the receiver was told, and may be destroyed by what tells it;
/// destroying one in flight aborts.
template <op::operation Op, class Receiver>
class operation_state final : completion {
    static_assert(detail::may_start_once<Op>());
    static_assert(!op::is_pinned<Op>, "its entry refers to the operation itself: co_await it");

public:
    operation_state(loop& on, Op const& what, Receiver&& to) noexcept
        : completion(functions_of), on_(on), op_(what), receiver_(std::move(to)) {}

    /// Once. The receiver is told later, when the loop runs; of a stop that came before, at once.
    void start() noexcept {
        if (stopped_)
            return tell_of_stop();
        on_.start(*this);
    }
    /// Asks for an early end. It cannot fail; an operation that was quicker delivers its value.
    void request_stop() noexcept {
        stopped_ = true;
        on_.cancel(*this);
    }

private:
    using value_type = typename Op::value_type;

    static operation_state& self_of(work& w) noexcept { return static_cast<operation_state&>(w); }
    static void over(work& w) noexcept {
        operation_state& self = self_of(w);
        lend(self.op_, false);
        result<value_type> value = op::value_of(self.op_, self.outcome());
        bool const ended = self.stop_was_wanted() && detail::ended_by_stop<Op>(self.res());
        self.set_idle();
        if (ended)
            return self.tell_of_stop();
        Receiver to = std::move(self.receiver_); // this may be gone when it is told
        if (!value)
            return to.set_error(value.error());
        if constexpr (std::is_void_v<value_type>)
            to.set_value();
        else
            to.set_value(std::move(*value));
    }
    void tell_of_stop() noexcept {
        Receiver to = std::move(receiver_);
        to.set_stopped();
    }
    static void stop_it(work& w) noexcept { self_of(w).request_stop(); }
    static void fill(completion& c, submission_queue& to) noexcept {
        operation_state& self = self_of(c);
        op::fill(to.reserve(), self.op_, loop::user_data_of(c));
        lend(self.op_, true);
    }
    static void more(completion& c, abi::cqe const& e) noexcept { c.note(e); }
    static void give_back(completion& c) noexcept {
        static_cast<void>(op::value_of(self_of(c).op_, c.outcome()));
    }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, &over, &fill, &more, 1, op::is_restartable<Op>, &give_back};

    loop& on_;
    Op op_;
    Receiver receiver_;
    bool stopped_ = false;
};

/// What as_sender() gives.
template <op::operation Op>
class [[nodiscard("connect() it")]] operation_sender {
public:
    using value_type = typename Op::value_type;

    operation_sender(loop& on, Op const& what) noexcept : on_(on), op_(what) {}

    /// The operation's state, which start() sends.
    template <receiver_of<value_type> Receiver>
    [[nodiscard]] operation_state<Op, Receiver> connect(Receiver to) const noexcept {
        return operation_state<Op, Receiver>(on_, op_, std::move(to));
    }

private:
    loop& on_;
    Op op_;
};

/// `what` on that loop, for connect(). It is copied, but not what it points to.
template <op::operation Op>
[[nodiscard]] operation_sender<Op> as_sender(loop& on, Op const& what) noexcept {
    return operation_sender<Op>(on, what);
}

} // namespace rondo
