// SPDX-License-Identifier: MIT
#pragma once

// channel: values from any number of senders to any number of receivers, each to one of them, in
// order. Who waits is a coroutine, or a thread without a loop (wait_request.hpp); in order of
// arrival on either side. Any thread; what waits goes on on its own loop.
//
//     auto [tx, rx] = make_channel<int>(16).or_throw("channel");
//     result<> sent = co_await tx.send(1);
//     while (result<int> value = co_await rx.receive())
//         use(*value);

#include <rondo/coro/channel_state.hpp>

#include <cerrno>
#include <cstddef>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace rondo {

template <class T>
class sender;
template <class T>
class receiver;
template <class T>
struct channel_ends;

/// For make_channel(): a send does not wait, but needs memory now and then.
inline constexpr std::size_t unbounded = ~std::size_t{0};

/// A channel that holds as many values as that, for which there is memory from the beginning; with
/// 0 a send ends when the value is received. ENOMEM.
template <class T>
[[nodiscard]] result<channel_ends<T>> make_channel(std::size_t capacity) noexcept;

namespace detail {

/// A send of a copy of the caller's.
template <class T>
class [[nodiscard("co_await it, or give it to sync_wait()")]] send_copy_request {
public:
    using wait = send_wait<T>;
    using value_type = result<>;

    send_copy_request(channel_state<T>& of, T const& value) : of_(&of), value_(value) {}
    [[nodiscard]] typename wait::subject_type subject() noexcept { return {of_, &value_}; }
    [[nodiscard]] wait in(strand& line) noexcept { return wait(&line, subject()); }

private:
    channel_state<T>* of_;
    T value_;
};

} // namespace detail

/// One end; copies of it are ends of the same channel. When the last one is destroyed the channel
/// is closed: one that is a coroutine's parameter goes with the coroutine's frame, in when_all()
/// after all are over, so that close() or a variable is better where others wait for the end. Using
/// one that was moved away aborts, and so does destroying the last one while somebody waits in
/// send(): a coroutine that waits should have one of its own.
template <class T>
class sender {
public:
    sender(sender const& other) noexcept : of_(other.of_) {
        if (of_ != nullptr)
            of_->add_sender();
    }
    sender(sender&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    sender& operator=(sender other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~sender() {
        if (of_ != nullptr)
            of_->drop_sender();
    }

    /// result<>. The value is moved away only when it is sent: after an error it is where it was.
    /// Errors: EPIPE with cause::ended when the channel is closed, before or meanwhile; a stop,
    /// unless it was sent first; ENOMEM, if unbounded.
    [[nodiscard]] detail::wait_request<detail::send_wait<T>> send(T&& value) const noexcept {
        return detail::wait_request<detail::send_wait<T>>({&state(), &value});
    }
    /// The same with a copy.
    [[nodiscard]] detail::send_copy_request<T> send(T const& value) const
        requires std::is_copy_constructible_v<T>
    {
        return detail::send_copy_request<T>(state(), value);
    }
    /// Without waiting: EAGAIN if there is no room, nor anybody who waits for a value.
    [[nodiscard]] result<> try_send(T&& value) const noexcept {
        detail::wait_outcome const out = state().send(value, nullptr);
        if (out == detail::wait_outcome::granted)
            return {};
        return fail(detail::failure_of(out));
    }
    [[nodiscard]] result<> try_send(T const& value) const
        requires std::is_copy_constructible_v<T>
    {
        return try_send(T(value));
    }
    /// Nothing more is sent; what was can be received. Who waits in send() has an error, and the
    /// value.
    void close() const noexcept { state().close(); }

private:
    friend result<channel_ends<T>> make_channel<T>(std::size_t) noexcept;
    explicit sender(detail::channel_state<T>& of) noexcept : of_(&of) {}
    [[nodiscard]] detail::channel_state<T>& state() const noexcept {
        RONDO_ASSERT(of_ != nullptr, "a sender was used after it was moved away");
        return *of_;
    }

    detail::channel_state<T>* of_;
};

/// The other end; copies of it are ends of the same channel. When the last one is destroyed the
/// channel is closed, and what is in it destroyed. Using one that was moved away aborts, and so
/// does destroying the last one while somebody waits in receive().
template <class T>
class receiver {
public:
    receiver(receiver const& other) noexcept : of_(other.of_) {
        if (of_ != nullptr)
            of_->add_receiver();
    }
    receiver(receiver&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    receiver& operator=(receiver other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~receiver() {
        if (of_ != nullptr)
            of_->drop_receiver();
    }

    /// result<T>: the oldest value, which nobody else receives. Errors: EPIPE with cause::ended
    /// when the channel is closed and empty; a stop, unless a value came first.
    [[nodiscard]] detail::wait_request<detail::receive_wait<T>> receive() const noexcept {
        return detail::wait_request<detail::receive_wait<T>>(&state());
    }
    /// Without waiting: EAGAIN if there is no value.
    [[nodiscard]] result<T> try_receive() const noexcept {
        std::optional<T> value;
        detail::wait_outcome const out = state().receive(value, nullptr);
        if (out == detail::wait_outcome::granted)
            return result<T>(std::move(*value));
        return fail(detail::failure_of(out));
    }
    /// As sender::close().
    void close() const noexcept { state().close(); }
    /// Values in the channel, as of now; those of who waits in send() are not in it.
    [[nodiscard]] std::size_t size() const noexcept { return state().size(); }

private:
    friend result<channel_ends<T>> make_channel<T>(std::size_t) noexcept;
    explicit receiver(detail::channel_state<T>& of) noexcept : of_(&of) {}
    [[nodiscard]] detail::channel_state<T>& state() const noexcept {
        RONDO_ASSERT(of_ != nullptr, "a receiver was used after it was moved away");
        return *of_;
    }

    detail::channel_state<T>* of_;
};

/// What make_channel() gives.
template <class T>
struct channel_ends {
    sender<T> tx;
    receiver<T> rx;
};

template <class T>
result<channel_ends<T>> make_channel(std::size_t capacity) noexcept {
    auto* const made = new (std::nothrow) detail::channel_state<T>(capacity);
    if (made == nullptr)
        return fail(ENOMEM, attempt::allocate);
    channel_ends<T> ends{sender<T>(*made), receiver<T>(*made)};
    if (capacity != unbounded && !made->reserve(capacity))
        return fail(ENOMEM, attempt::allocate);
    return ends;
}

} // namespace rondo
