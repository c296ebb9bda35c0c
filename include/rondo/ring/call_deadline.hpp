// SPDX-License-Identifier: MIT
#pragma once

// call_deadline: a deadline that other threads may move while a call waits by it. Connections keep
// one for reading and one for writing: shared_ring::run takes it, and set() and end() reach the
// calls that are already waiting. Any thread; it outlives the calls that were given it.

#include <rondo/core/duration.hpp>
#include <rondo/core/word.hpp>
#include <rondo/core/word_lock.hpp>

#include <cstdint>
#include <limits>

namespace rondo {

class shard;
struct flight;

/// See the top of this file. Neither copied nor moved.
class call_deadline {
public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    /// What end() leaves behind: in the past, and told apart from it.
    static constexpr std::int64_t ended = std::numeric_limits<std::int64_t>::min();

    constexpr call_deadline() noexcept = default;
    call_deadline(call_deadline const&) = delete;
    call_deadline& operator=(call_deadline const&) = delete;
    /// Aborts when a call still waits by it.
    ~call_deadline();

    /// From now on calls end with ETIME at `until`; those that wait already, too. A time in the
    /// past ends them at once. Does nothing after end().
    void set(deadline until) noexcept;
    /// Ends all calls, now and later, with ECANCELED and cause::ended: for objects that close.
    void end() noexcept;
    [[nodiscard]] bool has_ended() const noexcept { return at() == ended; }
    /// Nanoseconds of the steady clock; `never` without a deadline.
    [[nodiscard]] std::int64_t at() const noexcept { return load_acquire(&at_); }
    /// Calls that wait by it now.
    [[nodiscard]] std::uint32_t waiting() const noexcept;

private:
    friend class shared_ring;
    /// A call that waits, and where. On its thread's stack.
    struct call {
        shard* where;
        flight* what;
        call* previous = nullptr;
        call* next = nullptr;
    };
    void enter(call& c) noexcept;
    void leave(call& c) noexcept;
    void move_to(std::int64_t at) noexcept;

    std::int64_t at_ = never;
    mutable word_lock lock_;
    call* first_ = nullptr;
};

/// A deadline as nanoseconds of the steady clock; call_deadline::never for none.
[[nodiscard]] std::int64_t steady_time_of(deadline until) noexcept;

} // namespace rondo
