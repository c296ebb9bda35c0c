// SPDX-License-Identifier: MIT
#pragma once

// When a timeout fires: a while from now or at a point of a clock. Times are given as std::chrono
// values, or as anything of their shape. Value types; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/timespec.hpp>
#include <rondo/core/duration.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

/// The clock of a timeout. `boottime` counts while the machine sleeps; `realtime` follows the wall
/// clock wherever it is set. Linux 5.15, but for `monotonic`.
enum class timeout_clock : std::uint8_t { monotonic, boottime, realtime };

/// A time point of the wall clock: std::chrono::system_clock, by its shape.
template <class T>
concept wall_time_point = time_point_like<T> && requires(T const t) { T::clock::to_time_t(t); };

/// When a timeout fires, held in the SQE itself: nothing must stay alive for it. Linux 7.1, EINVAL
/// before; elsewhere use `moment`. Negative times are 0.
class immediate {
public:
    /// A while from now.
    template <duration_like Duration>
    constexpr immediate(Duration const& after,
                        timeout_clock clock = timeout_clock::monotonic) noexcept
        : immediate(to_nanoseconds(after), flag_of(clock)) {}
    /// A point of the steady clock, or of the wall clock.
    template <class TimePoint>
        requires(steady_time_point<TimePoint> || wall_time_point<TimePoint>)
    constexpr immediate(TimePoint const& at) noexcept
        : immediate(to_nanoseconds(at.time_since_epoch()),
                    abi::timeout_flag::abs |
                        flag_of(steady_time_point<TimePoint> ? timeout_clock::monotonic
                                                             : timeout_clock::realtime)) {}
    /// A point of any clock, by the time since its epoch.
    template <duration_like Duration>
    [[nodiscard]] static constexpr immediate at(Duration const& since_epoch,
                                                timeout_clock clock) noexcept {
        return {to_nanoseconds(since_epoch), abi::timeout_flag::abs | flag_of(clock)};
    }

    [[nodiscard]] constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
    /// What sqe.timeout_flags must say of the time.
    [[nodiscard]] constexpr abi::timeout_flag flags() const noexcept {
        return flags_ | abi::timeout_flag::immediate_arg;
    }
    /// What the SQE's address field holds.
    [[nodiscard]] constexpr std::uint64_t argument() const noexcept {
        return static_cast<std::uint64_t>(nanoseconds_);
    }

private:
    constexpr immediate(std::int64_t nanoseconds, abi::timeout_flag flags) noexcept
        : nanoseconds_(nanoseconds < 0 ? 0 : nanoseconds), flags_(flags) {}
    static constexpr abi::timeout_flag flag_of(timeout_clock clock) noexcept {
        switch (clock) {
        case timeout_clock::boottime: return abi::timeout_flag::boottime;
        case timeout_clock::realtime: return abi::timeout_flag::realtime;
        case timeout_clock::monotonic: break;
        }
        return {};
    }

    std::int64_t nanoseconds_;
    abi::timeout_flag flags_;
};

/// When a timeout fires: a while from now or at a point of a clock, as `immediate` is told it. The
/// SQE points to it, which makes operations that hold one pinned.
class moment {
public:
    template <class... Time>
        requires std::constructible_from<immediate, Time const&...>
    constexpr moment(Time const&... time) noexcept : moment(immediate(time...)) {}
    constexpr moment(immediate told) noexcept
        : time_{told.nanoseconds() / 1'000'000'000, told.nanoseconds() % 1'000'000'000},
          flags_(told.flags() & ~abi::timeout_flag::immediate_arg) {}
    /// A point of any clock, by the time since its epoch.
    template <duration_like Duration>
    [[nodiscard]] static constexpr moment at(Duration const& since_epoch,
                                             timeout_clock clock) noexcept {
        return immediate::at(since_epoch, clock);
    }

    [[nodiscard]] constexpr abi::timespec const& time() const noexcept { return time_; }
    [[nodiscard]] constexpr abi::timeout_flag flags() const noexcept { return flags_; }
    [[nodiscard]] std::uint64_t argument() const noexcept {
        return reinterpret_cast<std::uintptr_t>(&time_);
    }

private:
    abi::timespec time_;
    abi::timeout_flag flags_;
};

/// The types of a timeout's time: moment, or immediate.
template <class When>
concept timeout_time = std::same_as<When, moment> || std::same_as<When, immediate>;

/// The one that an operation keeps of what it was given.
template <class Given>
using timeout_kind =
    std::conditional_t<std::is_same_v<std::remove_cvref_t<Given>, immediate>, immediate, moment>;

} // namespace rondo::op
