// SPDX-License-Identifier: MIT
#pragma once

// What a loop has besides its ring. Stays where it is when the loop is moved. The loop's thread,
// but for the inbox and wake().

#include <rondo/core/fd.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/loop/timers.hpp>
#include <rondo/op/time.hpp>
#include <rondo/ring/completion_event.hpp>

#include <cstdint>
#include <optional>

namespace rondo {

/// user_data of the loop's own operations. Completions have even ones, their addresses; a cancel
/// has that of what it is for, and this bit.
enum class own_operation : std::uint64_t {
    bit = 1,
    wake_up = 3,        ///< a message from another thread
    wake_up_read = 5,   ///< of the eventfd, where there are no such messages
    driver_timeout = 7, ///< for who polls the loop's descriptor
    driver_update = 9,  ///< of that timeout
    driver_nop = 11,    ///< makes the descriptor readable
    marker = 13,        ///< comes after notifications that come late
    last = 63,
};

inline constexpr std::uint64_t own_bit = static_cast<std::uint64_t>(own_operation::bit);

/// Whose user_data it is, if it is not the loop's own.
[[nodiscard]] inline completion& completion_of(std::uint64_t user_data) noexcept {
    return *reinterpret_cast<completion*>(static_cast<std::uintptr_t>(user_data));
}

/// std::chrono::nanoseconds, by its shape.
struct in_nanoseconds {
    using rep = std::int64_t;
    struct period {
        static constexpr std::intmax_t num = 1;
        static constexpr std::intmax_t den = 1'000'000'000;
    };
    std::int64_t value;
    [[nodiscard]] constexpr rep count() const noexcept { return value; }
};

struct loop_state {
    explicit loop_state(loop_options const& with, engine::backend& who) noexcept;

    /// inbox::wake_function: any thread.
    static void wake(void* self) noexcept;
    void send(own_operation what) noexcept;
    void signal() noexcept;
    bool forget_signals() noexcept;
    void ask_again(completion& c) noexcept;
    /// Something ended and cannot run before the answer to its cancel is in.
    [[nodiscard]] bool has_unanswered_end() const noexcept;
    /// When there is nothing to repeat, the loop need not wake up for it.
    void forget_repeat() noexcept {
        if (wishes.empty() && repeat.is_armed())
            wheel.disarm(repeat);
    }

    loop_options options;
    engine::backend& backend;
    timer_wheel wheel;
    inbox box{&wake, this};
    int ring_fd = -1;
    bool waits_until = false; // the kernel takes deadlines
    bool wakes_by_message = false;
    bool wake_read_in_flight = false;
    unique_fd wake_fd;            // an eventfd, where there are no messages
    std::uint64_t wake_count = 0; // what is read from it
    unique_fd driver_fd;          // an eventfd, for who drives a ring that cannot be polled
    std::optional<completion_event> event;

    std::uint32_t credit = 0; // operations that may be in flight
    completion_list waiting;  // for room, the oldest first
    std::uint32_t waiting_count = 0;

    /// When cancels are repeated: the kernel loses one that meets a worker thread between its
    /// attempt and its wait.
    struct wish_timer : timer {
        explicit wish_timer(loop_state& whose) noexcept;
        loop_state& state;
    };
    completion_list wishes;
    bool wishes_to_send = false;
    wish_timer repeat{*this};
    std::int64_t repeat_after_ns = first_repeat_ns;
    static constexpr std::int64_t first_repeat_ns = 10'000'000;
    static constexpr std::int64_t last_repeat_ns = 1'000'000'000;

    /// What ended and may still be notified of: see held_back.cpp.
    work_list held_back;
    work_list held_until_marker;
    bool marker_in_flight = false;
    op::timeout<> marker{.when = op::moment(in_nanoseconds{1})};

    static constexpr std::int64_t orphans_may_take_ns = 1'000'000'000;
    orphan* orphans = nullptr;
    std::uint32_t orphan_count = 0;

    std::uint32_t guests = 0;     // tasks of other loops' that are here
    std::uint32_t travellers = 0; // tasks of this one that are on others

    loop_statistics counts;
    bool running = false;
    bool driver_timeout_in_flight = false;
    bool driver_nop_in_flight = false;
    std::int64_t driver_until = timer_wheel::never;
    op::timeout<> driver_timeout{.when = op::moment(in_nanoseconds{0})};
    op::timeout_update<op::moment> driver_update{
        static_cast<std::uint64_t>(own_operation::driver_timeout), op::moment(in_nanoseconds{0})};
};

/// While it is there, the loop runs: it is this thread's current one, and cannot be run from inside
/// what it runs.
class loop_running {
public:
    loop_running(loop& which, bool& flag) noexcept;
    loop_running(loop_running const&) = delete;
    loop_running& operator=(loop_running const&) = delete;
    ~loop_running();

private:
    loop* before_; // a simulation's loops take turns on one thread
    bool& flag_;
};

} // namespace rondo
