// SPDX-License-Identifier: MIT
#pragma once

// The kernel's side of one ring: takes submissions off the queue, sees each through to its end and
// posts completions. Any thread may call what is public; one lock guards everything but the inbox,
// through which workers, watchers and other rings hand over what they have. It lives until the ring
// is closed and whoever else has one of its requests has let go of it.

#include "buffer_groups.hpp"
#include "buffer_table.hpp"
#include "file_table.hpp"
#include "inbox.hpp"
#include "poller.hpp"
#include "queues.hpp"
#include "request.hpp"
#include "request_list.hpp"
#include "restriction_set.hpp"
#include "timers.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace rondo::engine::emulation {

class director;
class installation;

/// What a cancel looks for: cancel_flag and what belongs to it.
struct cancel_pattern {
    std::uint32_t flags = 0; ///< abi::cancel_flag
    std::uint64_t user_data = 0;
    std::int32_t fd = -1; ///< descriptor, or slot with cancel_flag::fd_fixed
    std::uint8_t opcode = 0;

    static constexpr std::uint32_t known =
        raw(abi::cancel_flag::all | abi::cancel_flag::fd | abi::cancel_flag::any |
            abi::cancel_flag::fd_fixed | abi::cancel_flag::userdata | abi::cancel_flag::op);
    [[nodiscard]] bool asks(abi::cancel_flag f) const noexcept { return (flags & raw(f)) != 0; }
};

/// How long an enter waits, as its arguments say. Points in time are on the ring's clock, in
/// nanoseconds; -1: never.
struct wait_limits {
    std::uint32_t count = 0;
    std::int64_t until = -1;
    std::int64_t batch_until = -1; ///< from then on one completion is enough
    void const* signals = nullptr;
    std::size_t signals_bytes = 0;
};

/// Fills in the sizes that are granted for those wanted: 0 or -EINVAL.
std::int32_t grant_sizes(std::uint32_t entries, abi::params& p) noexcept;

/// See the top of this file.
class kernel_side : public std::enable_shared_from_this<kernel_side> {
public:
    kernel_side(installation& home, queues&& shared, poller&& watched, abi::setup flags);
    kernel_side(kernel_side const&) = delete;
    kernel_side& operator=(kernel_side const&) = delete;
    ~kernel_side() = default;

    /// Once, before anybody else knows it: lets the tables find the way back.
    void connect() noexcept;
    /// The descriptor that names the ring.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    long enter(std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept;
    long register_(std::uint32_t operation, void* arg, std::uint32_t count) noexcept;
    result<mapping> map(std::uint64_t offset, std::size_t bytes) noexcept;
    /// From now on the descriptor is readable when there are completions.
    void expose() noexcept;
    /// Ends what can be ended, without completions. What a worker has goes on.
    void close() noexcept;

    // From any thread, without the lock.

    /// Something came to the poller while nobody may be waiting there. Called by the attendant.
    void tend() noexcept;
    /// A worker or watcher is through with `r`.
    void hand_over(request& r, outcome const& how) noexcept;
    /// Posts a completion that belongs to none of the ring's requests: a message, a tag.
    bool send(abi::cqe32 const& c) noexcept;
    [[nodiscard]] bool is_disabled() const noexcept { return disabled_.load(); }
    [[nodiscard]] bool is_closed() const noexcept { return closed_.load(); }

    // For operations and registrations, under the lock.

    [[nodiscard]] std::mutex& lock() noexcept { return lock_; }
    [[nodiscard]] file_table& files() noexcept { return files_; }
    [[nodiscard]] buffer_table& buffers() noexcept { return buffers_; }
    [[nodiscard]] buffer_groups& groups() noexcept { return groups_; }
    [[nodiscard]] installation& home() noexcept { return home_; }
    [[nodiscard]] abi::setup flags() const noexcept { return flags_; }
    /// The timeout or link timeout with that user_data; null: none waits.
    request* find_timeout(std::uint64_t user_data, bool of_link) noexcept;
    /// The poll with that user_data that waits; null: none.
    request* find_poll(std::uint64_t user_data) noexcept;
    /// Attempts the waiting `r` once more.
    void attempt_again(request& r) noexcept;
    /// Whether `fd` is an open descriptor or, if it is `fixed`, a slot with a file in it.
    [[nodiscard]] bool has_file(std::int32_t fd, bool fixed) const noexcept;
    /// Whether `fd` names a ring of this engine.
    [[nodiscard]] bool is_ring(int fd) const noexcept;
    /// 0, the number found with cancel_flag::all or any, -ENOENT, -EALREADY.
    std::int32_t cancel(cancel_pattern const& pattern, request const* except) noexcept;
    /// Posts a completion of `r` that is not its last.
    void post_more(request& r, std::int32_t res, std::uint32_t flags) noexcept;
    /// Ends `r`: posts its last completion, starts or fails what is linked to it.
    void finish(request& r, outcome const& how) noexcept;
    /// Lets `r` wait until r.due on r.clock. False: no memory.
    bool wait_for_time(request& r) noexcept;
    /// Lets the timeout `r` wait until `completions` more were posted, or r.due.
    bool wait_for_count(request& r, std::uint32_t completions) noexcept;
    /// Lets the poll `r` of the ring itself wait until there are completions. False: no memory.
    bool wait_for_completion(request& r) noexcept;
    /// Whether there are completions to be reaped.
    [[nodiscard]] bool has_completions() const noexcept {
        return queues_.completions() != 0 || !overflow_.empty();
    }
    /// Gives a waiting timeout a new time, which is all that it waits for from then on.
    void set_time(request& r, std::int64_t due, timer_clock clock) noexcept;

private:
    // submit.cpp
    std::uint32_t submit(std::uint32_t most) noexcept;
    void keep_waiting(std::uint32_t taken) noexcept;
    bool take_one() noexcept;
    std::int32_t admit(request& r) noexcept;
    void append(request& r) noexcept;
    void end_chain() noexcept;
    void start(request& head) noexcept;
    void start_deferred() noexcept;
    // issue.cpp
    void run_ready() noexcept;
    void issue(request& r) noexcept;
    void issue_directly(request& r) noexcept;
    std::int32_t find_files(request& r) noexcept;
    std::int32_t find_buffer(request& r) noexcept;
    void attempt(request& r) noexcept;
    void follow(request& r, outcome how) noexcept;
    outcome attempt_once(request& r) noexcept;
    outcome attempt_with_buffer(request& r) noexcept;
    outcome attempt_without_buffer(request& r, std::int32_t why) noexcept;
    std::int32_t choose_buffer(request& r) noexcept;
    void give_to_worker(request& r) noexcept;
    void wait_for_events(request& r, std::uint32_t events) noexcept;
    bool hold(request& r) noexcept;
    bool keep(request& r) noexcept;
    void install(request& r, outcome& how) noexcept;
    // finish.cpp
    void post(abi::cqe32 const& c, request const* of) noexcept;
    void flush_overflow() noexcept;
    void signal_event(bool inline_completion) noexcept;
    void fail_chain(request* first, bool silent) noexcept;
    void release(request& r) noexcept;
    void detach(request& r) noexcept;
    void attach_guard(request& r) noexcept;
    void arm_guard(request& guard) noexcept;
    void drop_guard(request& r) noexcept;
    // cancel.cpp
    [[nodiscard]] bool matches(request const& r, cancel_pattern const& pattern) const noexcept;
    [[nodiscard]] bool is_used_on(request const& r, std::int32_t fd, bool fixed) const noexcept;
    [[nodiscard]] std::int32_t cancel_one(request& r) noexcept;
    bool survives_last_attempt(request& r) noexcept;
    void expire(request& r) noexcept;
    void expire_timers() noexcept;
    void expire_counts() noexcept;
    [[nodiscard]] std::uint32_t counted_so_far() const noexcept;
    void press_workers() noexcept;
    // wait.cpp
    std::int32_t read_limits(wait_limits& out, std::uint32_t min_complete, std::uint32_t flags,
                             void const* arg, std::size_t arg_size) noexcept;
    std::int32_t wait(std::unique_lock<std::mutex>& held, wait_limits const& limits) noexcept;
    [[nodiscard]] std::int64_t time_left(wait_limits const& limits) noexcept;
    std::int32_t sleep(std::unique_lock<std::mutex>& held, std::int64_t ns,
                       wait_limits const& limits) noexcept;
    void collect() noexcept;
    void receive() noexcept;
    void deliver(std::span<::epoll_event const> events) noexcept;
    void wake_for_nothing() noexcept;
    void leave() noexcept;
    [[nodiscard]] std::int64_t now() const noexcept;
    // tend.cpp
    [[nodiscard]] std::int64_t time_to_timer() const noexcept;
    void set_alarm() noexcept;
    void forget_alarm() noexcept;
    // registrations.cpp
    long enable(void* arg, std::uint32_t count) noexcept;
    long register_event(std::uint32_t operation, void* arg, std::uint32_t count) noexcept;
    long register_clock(void* arg, std::uint32_t count) noexcept;
    long register_region(void* arg, std::uint32_t count) noexcept;
    long cancel_now(std::unique_lock<std::mutex>& held, void* arg, std::uint32_t count) noexcept;
    long resize(void* arg, std::uint32_t count) noexcept;
    long clone(std::unique_lock<std::mutex>& held, void* arg, std::uint32_t count) noexcept;
    // kernel_side.cpp
    void tell_of_mail() noexcept;
    static void discard(inbox::contents mail) noexcept;
    [[nodiscard]] bool belongs_elsewhere() const noexcept;

    std::mutex lock_;
    std::condition_variable turn_; // somebody left the poller's sleep, or posted
    installation& home_;
    director* const director_; // null: nobody meddles
    queues queues_;
    poller poller_;
    inbox inbox_;
    timers timers_;
    file_table files_;
    buffer_table buffers_;
    buffer_groups groups_;
    restriction_set restrictions_;
    request_list requests_;
    request_queue ready_;    // to be issued or attempted
    request_queue deferred_; // heads of chains behind a drain
    std::deque<abi::cqe32> overflow_;
    std::vector<request*> counted_; // timeouts and polls of the ring that wait for completions
    std::vector<request*> pressed_; // cancelled ones that a worker has
    request* chain_head_ = nullptr; // of the chain being taken
    request* chain_tail_ = nullptr;
    abi::setup flags_;
    int descriptor_;
    int clock_ = 1;               // CLOCK_MONOTONIC
    long owner_ = 0;              // the thread of a single_issuer ring
    std::uint32_t uncounted_ = 0; // completions that no timeout counts
    std::uint32_t issued_ = 0;    // requests of started chains, not finished yet
    bool barrier_ = false;        // a drained chain runs: nothing starts beside it
    bool refuses_drain_ = false;
    bool drain_next_ = false;
    bool submitting_ = false;
    bool sleeps_ = false;              // somebody is in the poller's sleep
    std::atomic<bool> asleep_ = false; // the same, for those without the lock
    std::atomic<bool> disabled_ = false;
    std::atomic<bool> closed_ = false;
    std::atomic<bool> exposed_ = false;
    std::uint32_t counted_before_ = 0; // completions that timeouts count, before the submission
    bool counts_due_ = false;          // completions were posted that timeouts count
    bool told_ = false;                // taskrun is set
    std::uint32_t others_ = 0;         // threads that wait for the one in the poller
    bool holds_overflow_ = false;      // as the director wants it, until someone waits
    std::uint32_t unlooked_ = 0;       // enters that found enough without looking
    bool rung_ = false;                // the bell tells pollers of completions
    bool tended_ = false;              // the attendant knows it
    bool overlooked_ = false;          // the attendant came while somebody slept here
    bool called_ = false;              // the owner of a defer_taskrun ring was told to enter
    std::array<std::int64_t, timer_clocks> alarmed_; // for which timers the alarm is set
    std::mutex event_lock_; // of the next two, since mail is told of without the other lock
    held_fd event_;
    std::atomic<bool> has_event_ = false;
    bool event_async_ = false;
    bool has_region_ = false;
    void const* region_ = nullptr; // registered wait arguments
    std::size_t region_bytes_ = 0;
    mapping region_memory_;
};

} // namespace rondo::engine::emulation
