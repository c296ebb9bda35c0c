// SPDX-License-Identifier: MIT
#pragma once

// timer and timer_wheel: any number of deadlines for the price of one. Arming and disarming take
// constant time, and nothing allocates: the timers are their owners'. A wheel knows no clock. It
// is told what time it is, in nanoseconds since whatever its owner counts from. One thread: that of
// the loop whose wheel it is.

#include <rondo/core/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace rondo {

/// What a list of timers is linked by: a timer's place in it, or the list itself.
struct timer_node {
    timer_node* previous;
    timer_node* next; ///< of a timer: null while it is not armed
    std::int64_t at;  ///< of a list: none in it is earlier
};

/// One deadline, and what to do then. Derive from it to say on what. Pinned while armed. Its owner
/// keeps it until it has expired or was disarmed.
class timer : timer_node {
public:
    /// Is called by timer_wheel::expire(), once for each arm(), when the timer is armed no more.
    /// May arm, disarm and destroy any timer, this one too, whose memory is left alone afterwards.
    using expired_function = void (*)(timer& self) noexcept;

    explicit constexpr timer(expired_function expired) noexcept
        : timer_node{nullptr, nullptr, 0}, expired_(expired) {}
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;
    ~timer() { RONDO_ASSERT(!is_armed(), "a timer was destroyed while armed; disarm() it first"); }

    [[nodiscard]] bool is_armed() const noexcept { return next != nullptr; }
    /// Nanoseconds, as last told to arm(); 0 before.
    [[nodiscard]] std::int64_t deadline_ns() const noexcept { return at; }

private:
    friend class timer_wheel;

    expired_function expired_;
};

/// See the top of this file. A hierarchical wheel: slots of level 0 are one tick long, each level's
/// slots as long as the whole level below. A timer is filed by its tick, at the level of the
/// highest digit (of six bits) in which its tick differs from the wheel's, under its own digit
/// there. So all of a tick share one slot, the first slot of the lowest level in use is the nearest
/// in time, and no deadline lies beyond the top. Exact deadlines decide within a slot.
class timer_wheel {
public:
    /// The deadline that only the end of time reaches.
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    /// `now_ns`, about: a wheel that starts far from the time at which it is used files its first
    /// timers coarsely, and again later.
    explicit timer_wheel(std::int64_t now_ns = 0) noexcept;
    timer_wheel(timer_wheel const&) = delete;
    timer_wheel& operator=(timer_wheel const&) = delete;
    /// Nothing may be armed, and none of its timers be expiring.
    ~timer_wheel();

    /// From now on `t` is due at `deadline_ns`, after those already armed for the same time. One
    /// that is armed, here, is moved. A deadline in the past is due at once, at the next expire().
    void arm(timer& t, std::int64_t deadline_ns) noexcept;

    /// `t` will not expire, even if it is due in the expire() that is running. False: it was not
    /// armed. It must not be armed in another wheel.
    bool disarm(timer& t) noexcept;

    /// Expires all that are due, those with deadlines up to and including `now_ns`, ordered by
    /// deadline and then by the calls of arm(), and returns their number. What is armed meanwhile
    /// waits for the next call, so it ends even if each timer arms itself for the past.
    /// Any `now_ns` is right, one before the last call's too: a jump costs as much as there are
    /// timers, plus the sorting of those due in one tick, or armed too late. Not to be called by
    /// timers that expire.
    std::size_t expire(std::int64_t now_ns) noexcept;

    /// When to call expire(), in nanoseconds; `never` if nothing is armed. That is the earliest
    /// deadline; or before it, if the timer that had the earliest one of its slot was disarmed or
    /// moved since. An expire() that finds nothing due then has looked, and forgets that deadline.
    [[nodiscard]] std::int64_t next() const noexcept;

    /// How many are armed.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static constexpr unsigned tick_bits = 15; // 33 microseconds
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned levels = 8;
    static constexpr unsigned slots_per_level = 1u << digit_bits;
    static constexpr unsigned slot_count = levels * slots_per_level;
    static_assert(tick_bits + levels * digit_bits == 63, "every deadline has its slot");

    [[nodiscard]] static std::uint64_t tick_of(std::int64_t ns) noexcept;
    [[nodiscard]] static unsigned level_of(std::uint64_t difference) noexcept;
    [[nodiscard]] static unsigned digit_of(std::uint64_t tick, unsigned level) noexcept;

    [[nodiscard]] unsigned nearest() const noexcept;
    [[nodiscard]] std::uint64_t start_of(unsigned slot) const noexcept;
    void file(timer_node& t) noexcept;
    void file_all(timer_node* chain) noexcept;
    void unlink(timer& t) noexcept;
    [[nodiscard]] timer_node* take(unsigned slot) noexcept;
    void sift(unsigned slot, std::int64_t now_ns) noexcept;
    void advance(std::int64_t now_ns) noexcept;
    void rewind(std::uint64_t tick) noexcept;

    // Nothing filed has passed: what was due left, and what is armed too late goes with this tick.
    std::uint64_t tick_;
    std::size_t size_ = 0;
    std::uint64_t occupied_[levels] = {}; // a bit for each slot
    timer_node due_;                      // what the running expire() has yet to call, in order
    bool expiring_ = false;
    timer_node slots_[slot_count];
};

} // namespace rondo
