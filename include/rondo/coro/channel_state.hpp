// SPDX-License-Identifier: MIT
#pragma once

// What the ends of a channel share: its values, and who waits to send or to receive. Whoever finds
// somebody waiting on the other side hands the value over in his frame: nobody who arrives later
// can take it. Any thread.

#include <rondo/core/assert.hpp>
#include <rondo/coro/value_queue.hpp>
#include <rondo/coro/wait_request.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>

namespace rondo::detail {

template <class T>
class send_wait;
template <class T>
class receive_wait;

/// The part that does not know the values.
class channel_base {
public:
    channel_base(channel_base const&) = delete;
    channel_base& operator=(channel_base const&) = delete;

    void add_sender() noexcept;
    void add_receiver() noexcept;
    void close() noexcept;

protected:
    explicit channel_base(std::size_t capacity) noexcept : capacity_(capacity) {}
    ~channel_base() = default;

    /// The ends that are left; 0: nobody uses it any more.
    [[nodiscard]] std::size_t sender_left() noexcept;
    /// Under the lock; the same.
    [[nodiscard]] std::size_t receiver_left(woken& to) noexcept;
    void close(woken& to) noexcept;

    // Somebody waits to receive only while there is no value, nor anybody who waits to send; to
    // send, only while there are capacity_ values. Nobody waits once it is closed.
    word_lock lock_;
    waiter_list receiving_{lock_};
    waiter_list sending_{lock_};
    std::size_t const capacity_;
    std::size_t senders_ = 1;
    std::size_t receivers_ = 1;
    bool closed_ = false;
};

template <class T>
class channel_state final : public channel_base {
public:
    explicit channel_state(std::size_t capacity) noexcept : channel_base(capacity) {}
    [[nodiscard]] bool reserve(std::size_t n) noexcept { return values_.reserve(n); }

    /// The outcome, or none where it had to wait: then `w` waits, if there is one.
    [[nodiscard]] wait_outcome send(T& value, send_wait<T>* w) noexcept {
        woken to;
        wait_outcome out = wait_outcome::none;
        {
            locked const here(lock_);
            out = put(value, to);
            if (out == wait_outcome::none && w != nullptr)
                sending_.push(*w);
        }
        to.go_on();
        return out;
    }
    /// The same.
    [[nodiscard]] wait_outcome receive(std::optional<T>& into, receive_wait<T>* w) noexcept {
        woken to;
        wait_outcome out = wait_outcome::none;
        {
            locked const here(lock_);
            out = take(into, to);
            if (out == wait_outcome::none && w != nullptr)
                receiving_.push(*w);
        }
        to.go_on();
        return out;
    }
    [[nodiscard]] std::size_t size() noexcept {
        locked const here(lock_);
        return values_.size();
    }

    void drop_sender() noexcept {
        if (sender_left() == 0)
            delete this;
    }
    /// What nobody can receive any more is destroyed with the last receiver: it may hold ends of
    /// this very channel.
    void drop_receiver() noexcept {
        value_queue<T> unwanted;
        woken to;
        bool gone = false;
        {
            locked const here(lock_);
            gone = receiver_left(to) == 0;
            if (receivers_ == 0)
                unwanted.swap(values_);
        }
        to.go_on();
        if (gone)
            delete this;
    }

private:
    wait_outcome put(T& value, woken& to) noexcept;
    wait_outcome take(std::optional<T>& into, woken& to) noexcept;

    value_queue<T> values_;
};

/// Waits until its value is taken. It stays where it is, in the sender's hands, until then.
template <class T>
class send_wait final : public waiter {
public:
    using value_type = result<>;
    struct subject_type {
        channel_state<T>* of;
        T* value;
    };

    send_wait(strand* line, subject_type what) noexcept : waiter(line, functions_of), what_(what) {}
    [[nodiscard]] bool await_ready() noexcept {
        if (is_stopped()) [[unlikely]]
            return true;
        wait_outcome const out = what_.of->send(*what_.value, this);
        if (out == wait_outcome::none)
            return false;
        settle(out);
        return true;
    }
    [[nodiscard]] value_type await_resume() const noexcept {
        if (outcome() == wait_outcome::granted) [[likely]]
            return {};
        return fail(failure());
    }
    [[nodiscard]] T& value() const noexcept { return *what_.value; }

private:
    static constexpr wait_functions functions_of{{&stop_it, "send"}};

    subject_type what_;
};

/// Waits for a value, which is put into it.
template <class T>
class receive_wait final : public waiter {
public:
    using value_type = result<T>;
    using subject_type = channel_state<T>*;

    receive_wait(strand* line, channel_state<T>* of) noexcept
        : waiter(line, functions_of), of_(of) {}
    [[nodiscard]] bool await_ready() noexcept {
        if (is_stopped()) [[unlikely]]
            return true;
        wait_outcome const out = of_->receive(value_, this);
        if (out == wait_outcome::none)
            return false;
        settle(out);
        return true;
    }
    [[nodiscard]] value_type await_resume() noexcept {
        if (outcome() == wait_outcome::granted) [[likely]]
            return value_type(std::move(*value_));
        return fail(failure());
    }
    [[nodiscard]] std::optional<T>& value() noexcept { return value_; }

private:
    static constexpr wait_functions functions_of{{&stop_it, "receive"}};

    channel_state<T>* of_;
    std::optional<T> value_;
};

template <class T>
wait_outcome channel_state<T>::put(T& value, woken& to) noexcept {
    if (closed_)
        return wait_outcome::ended;
    if (!receiving_.empty()) {
        auto& w = static_cast<receive_wait<T>&>(receiving_.pop(wait_outcome::granted, to));
        w.value().emplace(std::move(value));
        return wait_outcome::granted;
    }
    if (values_.size() >= capacity_)
        return wait_outcome::none;
    return values_.push(value) ? wait_outcome::granted : wait_outcome::failed;
}

template <class T>
wait_outcome channel_state<T>::take(std::optional<T>& into, woken& to) noexcept {
    bool const had_one = values_.size() != 0;
    if (had_one)
        values_.pop(into);
    if (!sending_.empty()) {
        auto& w = static_cast<send_wait<T>&>(sending_.pop(wait_outcome::granted, to));
        if (had_one) {
            bool const has_room = values_.push(w.value());
            RONDO_ASSERT(has_room, "a bounded channel has memory for all that it may hold");
        } else {
            into.emplace(std::move(w.value()));
        }
        return wait_outcome::granted;
    }
    if (had_one)
        return wait_outcome::granted;
    return closed_ ? wait_outcome::ended : wait_outcome::none;
}

} // namespace rondo::detail
