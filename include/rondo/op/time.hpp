// SPDX-License-Identifier: MIT
#pragma once

// Timeouts: alone, repeating, or as the deadline of the operation before in a chain. Value types;
// any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/op/moment.hpp>
#include <rondo/op/operation.hpp>

#include <cerrno>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

template <class When>
inline constexpr bool points_to_itself = std::is_same_v<When, moment>;
template <class When>
inline constexpr char const* timeout_since = points_to_itself<When> ? "5.4" : "7.1";

template <class Visit, class When>
inline void visit_time(Visit& visit, When const& when) {
    if constexpr (points_to_itself<When>)
        visit(static_cast<void const*>(&when.time()), sizeof when.time(),
              access::reads_until_submitted);
}

/// What ended a timeout.
enum class timeout_end : std::uint8_t {
    time,  ///< it is up
    count, ///< as many other completions as were waited for are there
};

/// clock_nanosleep(2). Linux 5.4; at a point of a clock 5.5, with an `immediate` 7.1. Value: what
/// ended it.
///
/// The kernel's answer when the time is up is -ETIME; here that is success. ECANCELED when it was
/// removed or cancelled. With a `moment` the operation is pinned until it is submitted.
template <class When = moment>
struct timeout {
    static_assert(timeout_time<When>);

    using value_type = timeout_end;
    static constexpr abi::opcode code = abi::opcode::timeout;
    static constexpr about facts{"timeout", "clock_nanosleep(2)", timeout_since<When>,
                                 "timeout_end"};
    static constexpr bool pinned = points_to_itself<When>;

    When when;
    std::uint32_t count = 0;     ///< other completions after which it ends as well; 0: none
    bool continue_chain = false; ///< let what is linked to it run when time is up. Linux 5.16

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = when.argument();
        s.len = 1;
        s.off = count;
        s.timeout_flags = raw(when.flags() | (continue_chain ? abi::timeout_flag::etime_success
                                                             : abi::timeout_flag{}));
    }
    static result<timeout_end> value(timeout const&, abi::cqe const& c) noexcept {
        if (c.res == -ETIME)
            return timeout_end::time;
        if (c.res < 0)
            return failure<timeout>(c);
        return timeout_end::count;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_time(visit, when);
    }
};
template <class T, class... Rest>
timeout(T&&, Rest&&...) -> timeout<timeout_kind<T>>;

/// timerfd_create(2), in the shape of a stream. Linux 6.4; with an `immediate` 7.1. Value: none,
/// one more interval is over.
///
/// Over at the CQE without F_MORE: after `repeats` intervals, when it is removed or cancelled
/// (ECANCELED), or with a full CQ. EINVAL for a point of a clock. With a `moment` the operation is
/// pinned until it is submitted.
template <class When = moment>
struct timeout_stream {
    static_assert(timeout_time<When>);

    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::timeout;
    static constexpr about facts{"timeout_stream", "timerfd_create(2)",
                                 points_to_itself<When> ? "6.4" : "7.1", "none"};
    static constexpr bool pinned = points_to_itself<When>;
    static constexpr bool stream = true;

    When every;
    std::uint32_t repeats = 0; ///< how often; 0: without end

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = every.argument();
        s.len = 1;
        s.off = repeats;
        s.timeout_flags = raw(every.flags() | abi::timeout_flag::multishot);
    }
    static result<void> value(timeout_stream const&, abi::cqe const& c) noexcept {
        if (c.res < 0 && c.res != -ETIME)
            return failure<timeout_stream>(c);
        return {};
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_time(visit, every);
    }
};
template <class T, class... Rest>
timeout_stream(T&&, Rest&&...) -> timeout_stream<timeout_kind<T>>;

/// The deadline of the operation before it in a chain, which is cancelled when time is up. Linux
/// 5.5; with an `immediate` 7.1. Value: none, time was up.
///
/// ECANCELED: that operation was done in time, or never started. EALREADY: it was being done by a
/// worker thread; what its own CQE says counts. With a `moment` the operation is pinned.
template <class When = moment>
struct link_timeout {
    static_assert(timeout_time<When>);

    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::link_timeout;
    static constexpr about facts{"link_timeout", "io_uring_enter(2)",
                                 points_to_itself<When> ? "5.5" : "7.1", "none"};
    static constexpr bool pinned = points_to_itself<When>;
    static constexpr bool chain_only = true;

    When when;
    bool continue_chain = false; ///< let what is linked to it run when time is up. Linux 5.16

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = when.argument();
        s.len = 1;
        s.timeout_flags = raw(when.flags() | (continue_chain ? abi::timeout_flag::etime_success
                                                             : abi::timeout_flag{}));
    }
    static result<void> value(link_timeout const&, abi::cqe const& c) noexcept {
        if (c.res < 0 && c.res != -ETIME)
            return failure<link_timeout>(c);
        return {};
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_time(visit, when);
    }
};
template <class T>
link_timeout(T&&) -> link_timeout<timeout_kind<T>>;

/// Gives a timeout another time; its clock stays, so the clock of `when` does not count. Linux
/// 5.11; with an `immediate` 7.1. Value: none.
///
/// ENOENT: no such timeout, or it has fired. EALREADY: it is firing. With a `moment` the operation
/// is pinned until it is submitted.
template <class When = moment>
struct timeout_update {
    static_assert(timeout_time<When>);

    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::timeout_remove;
    static constexpr about facts{"timeout_update", "io_uring_enter(2)",
                                 points_to_itself<When> ? "5.11" : "7.1", "none"};
    static constexpr bool pinned = points_to_itself<When>;

    std::uint64_t user_data; ///< of the timeout
    When when;

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = user_data;
        s.addr2 = when.argument();
        s.timeout_flags =
            raw((when.flags() & ~abi::timeout_flag::clock_mask) | abi::timeout_flag::update);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_time(visit, when);
    }
};
template <class T>
timeout_update(std::uint64_t, T&&) -> timeout_update<timeout_kind<T>>;

/// The same for a link_timeout. Linux 5.15; with an `immediate` 7.1. Value: none.
///
/// ENOENT: no such link_timeout, or it is over. With a `moment` the operation is pinned until it is
/// submitted.
template <class When = moment>
struct link_timeout_update {
    static_assert(timeout_time<When>);

    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::timeout_remove;
    static constexpr about facts{"link_timeout_update", "io_uring_enter(2)",
                                 points_to_itself<When> ? "5.15" : "7.1", "none"};
    static constexpr bool pinned = points_to_itself<When>;

    std::uint64_t user_data; ///< of the link_timeout
    When when;

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = user_data;
        s.addr2 = when.argument();
        s.timeout_flags =
            raw((when.flags() & ~abi::timeout_flag::clock_mask) | abi::timeout_flag::update_mask);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_time(visit, when);
    }
};
template <class T>
link_timeout_update(std::uint64_t, T&&) -> link_timeout_update<timeout_kind<T>>;

/// Ends a timeout or a timeout_stream early; that completes with ECANCELED. Linux 5.5. Value: none.
/// ENOENT: no such timeout, or it has fired. EALREADY: it is firing.
struct timeout_remove {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::timeout_remove;
    static constexpr about facts{"timeout_remove", "io_uring_enter(2)", "5.5", "none"};

    std::uint64_t user_data; ///< of the timeout

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = user_data;
    }
};

using time_operations =
    operations<timeout<>, timeout<immediate>, timeout_stream<>, timeout_stream<immediate>,
               link_timeout<>, link_timeout<immediate>, timeout_update<>, timeout_update<immediate>,
               link_timeout_update<>, link_timeout_update<immediate>, timeout_remove>;

} // namespace rondo::op
