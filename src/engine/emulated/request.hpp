// SPDX-License-Identifier: MIT
#pragma once

// One submission from the moment it was taken to its final completion, and how an attempt at it
// went. A request is its ring's: it is touched under the ring's lock, except that while a worker
// has it only that worker may touch it.

#include "held_fd.hpp"

#include <rondo/abi/sqe.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rondo::engine::emulation {

class kernel_side;
class waiter;
struct request;

/// How an attempt went.
struct outcome {
    enum class kind : std::uint8_t {
        done, ///< over: `res` and `flags` are its answer
        more, ///< an answer of many: post it, then attempt again
        poll, ///< nothing happened: attempt again when the descriptor shows one of `events`
        work, ///< nothing happened: only a thread that may block can do it
        kept, ///< someone keeps it in flight and ends it later
    };
    kind what = kind::done;
    bool broken = false;         ///< done, but short of what was asked: what is linked to it fails
    std::int32_t res = 0;        ///< value or -errno
    std::uint32_t flags = 0;     ///< of the CQE, beside `more` and those of a chosen buffer
    std::uint32_t events = 0;    ///< EPOLLIN, EPOLLOUT, ...
    bool harmless = false;       ///< a negative answer that does not fail what is linked
    std::uint64_t extra[2] = {}; ///< of a 32-byte CQE
    bool notify = false; ///< of a zero-copy send: its buffer is free, and a notification says so
    std::int32_t notice = 0; ///< `res` of that notification

    static constexpr outcome answer(long res, std::uint32_t flags = 0) noexcept {
        return {.res = static_cast<std::int32_t>(res), .flags = flags};
    }
    static constexpr outcome until(std::uint32_t events) noexcept {
        return {.what = kind::poll, .events = events};
    }
    static constexpr outcome blocking() noexcept { return {.what = kind::work}; }
};

/// What an opcode does. Functions that are null have nothing to do.
struct operation {
    /// When it is taken from the queue: 0, or the -errno of an entry that makes no sense.
    std::int32_t (*check)(abi::sqe const& entry) noexcept = nullptr;
    /// Before the submitting call returns with the request still in flight: copies what the entry
    /// points to, except buffers, and turns the entry's pointers to the copies. False: no memory.
    bool (*keep)(request& r) noexcept = nullptr;
    /// Tries. With `may_block` it is on a worker and the answer is `done`, whatever it takes, or
    /// `poll`; else it is on the submitter's thread, under the ring's lock, and must not block.
    outcome (*attempt)(request& r, bool may_block) noexcept = nullptr;
    /// Of a request that an attempt left `kept`: takes it back, so that nobody ends it any more.
    /// False: too late, its end is on the way.
    bool (*take_back)(request& r) noexcept = nullptr;
    bool on_ring = false;    ///< touches the ring itself: never for a worker
    bool has_file = false;   ///< entry.fd names an open file
    bool makes_file = false; ///< its value is a new descriptor: goes to slot file_index - 1, if any
    bool chooses = false;    ///< knows buffer groups: `chosen` is filled before an attempt
    /// Without a flag on its entry: needs only its descriptor, and its answer is `res` and `flags`.
    bool direct = false;
};

/// A descriptor of the engine's own, which registered slots and requests share.
using shared_fd = std::shared_ptr<held_fd const>;

/// Where a request is while it is in flight.
enum class place : std::uint8_t {
    nowhere,  ///< being worked on by the submitter's thread
    chained,  ///< waits for the one before it in its chain
    deferred, ///< waits behind a drain
    polled,   ///< waits for its descriptor
    timed,    ///< waits for a point in time
    queued,   ///< a worker's: waits for one, or one has it
    watched,  ///< waits for something else (a futex, a child, ...)
};

/// Clocks of timeouts, as indices.
enum class timer_clock : std::uint8_t { monotonic, boottime, realtime };
inline constexpr std::size_t timer_clocks = 3;

/// What a request has of a group of provided buffers.
enum class choice : std::uint8_t {
    none,
    shown, ///< it may use `chosen`; they are still the group's
    kept,  ///< `chosen` are its own
};

/// See the top of this file.
struct request {
    abi::sqe128 entry{}; ///< as it was submitted; pointers may have been turned to copies
    operation const* what = nullptr;
    kernel_side* owner = nullptr;
    request* older = nullptr; ///< all in flight, in the order they were taken
    request* newer = nullptr;
    request* rest = nullptr; ///< of a chain: what comes after it
    request* next = nullptr; ///< in whatever queue it stands: of workers, of an inbox, of free ones
    request* guard = nullptr;   ///< the link timeout that is armed for it
    request* guarded = nullptr; ///< of a link timeout: what it is armed for
    place where = place::nowhere;
    bool failed = false;       ///< its chain fails with it
    bool silent_chain = false; ///< it failed under skip_success: the rest of its chain is silent
    bool cancelled = false;    ///< a cancel reached it while a worker had it
    bool attempted = false;    ///< some attempt was made
    bool follows = false;      ///< it had to wait for another in its chain
    bool answered = false;     ///< of a multishot request: some answer was posted
    bool in_progress = false;  ///< the operation's own: a connect that has begun, ...
    bool kept = false;         ///< `keep` was called
    bool drains = false;       ///< of a chain's head: waits for all before it
    std::uint32_t chain_length = 0; ///< of a head that waits behind a drain
    bool armed = false;             ///< the poller knows it
    std::uint32_t index = 0;        ///< its place among the ring's requests
    std::uint32_t generation = 0;   ///< how often that place was used before
    outcome handed;                 ///< from whoever had it, on its way through the inbox
    std::int32_t result = 0;        ///< of an entry that was refused when it was taken
    bool met_director = false;      ///< the director had its chance to make it fail
    bool shortened = false;   ///< the director made it shorter: its chain fails as by a short count
    std::uint64_t number = 0; ///< the director's own
    std::uint64_t progress = 0; ///< the operation's own: bytes moved so far, ...
    std::uint32_t note = 0;     ///< the operation's own: the kind of its socket, ...

    int fd = -1;     ///< the descriptor to use now
    int second = -1; ///< the other one, of splice and tee
    shared_fd slot;  ///< keeps a registered file open
    shared_fd second_slot;
    held_fd own; ///< a duplicate of the caller's descriptor, while it waits
    held_fd second_own;

    std::uint32_t polled_events = 0;            ///< what it waits for
    std::uint32_t seen_events = 0;              ///< what was there when it was woken
    timer_clock clock = timer_clock::monotonic; ///< of a timeout
    std::int64_t due = 0;       ///< of a timeout: when, on its clock, in nanoseconds
    std::size_t heap_index = 0; ///< of a timeout: its place among those of its clock

    std::shared_ptr<kernel_side> keeper; ///< keeps the ring while someone else has the request
    std::shared_ptr<void const> buffer;  ///< the registered buffer it uses
    std::shared_ptr<kernel_side> target; ///< the ring that a message goes to, while a worker has it
    std::shared_ptr<waiter> watcher;     ///< of a kept one: what the operation watches with

    std::vector<::iovec> chosen;         ///< the provided buffers of this attempt, first to last
    std::uint16_t chosen_id = 0;         ///< id of the first of them
    bool chosen_all = false;             ///< the group holds no buffer beyond them
    choice has_chosen = choice::none;    ///< the groups' own, as are the next two
    bool chosen_remains = false;         ///< kept, but of the last of them the group has more
    std::uint32_t chosen_list_bytes = 0; ///< of a list: the whole length of what was chosen; else 0
    std::vector<std::unique_ptr<std::byte[]>> copies; ///< what `keep` made

    [[nodiscard]] abi::sqe& sqe() noexcept { return entry.head; }
    [[nodiscard]] abi::sqe const& sqe() const noexcept { return entry.head; }
    [[nodiscard]] bool has(abi::sqe_flag flag) const noexcept {
        return (entry.head.flags & raw(flag)) != 0;
    }

    /// Makes it fresh for its place's next use.
    void clear() noexcept;
    /// A copy of `bytes` bytes that lives as long as the request is in flight; null for want of
    /// memory.
    void* copy(void const* from, std::size_t bytes) noexcept;
    /// The same for a string with its terminator.
    char* copy_text(char const* from) noexcept;
};

} // namespace rondo::engine::emulation
