// SPDX-License-Identifier: MIT
#pragma once

// completion: an operation of a loop from its start to its final CQE, wherever it is kept: in a
// coroutine's frame, say. Its address is the operation's user_data, so it is pinned, and to destroy
// it in between aborts with its name. One thread: the loop's.

#include <rondo/abi/cqe.hpp>
#include <rondo/loop/work.hpp>
#include <rondo/ring/submission_queue.hpp>

#include <bit>
#include <cstdint>
#include <cstring>

namespace rondo {

class completion;

/// What a loop must know of an operation.
struct completion_functions : work_functions {
    work::run_function run; ///< goes on after it; null if a coroutine does
    /// Writes its SQEs into a queue that has room for them.
    void (*fill)(completion& self, submission_queue& to) noexcept;
    /// Takes note of a completion that is not the last. Must not start, cancel or resume anything
    /// but by loop::post.
    void (*more)(completion& self, abi::cqe const& c) noexcept;
    std::uint32_t entries = 1; ///< SQEs that fill writes: more than one for a chain
    bool restartable = false;  ///< -EINTR means "again": see op::is_restartable
    /// Before it is run again: lets go of what came with its answer, a buffer. May be null.
    void (*give_back)(completion& self) noexcept = nullptr;
    /// A zero-copy send behind another: when that fails, the kernel may post a notification after
    /// the final completion (Linux 6.18).
    bool notified_late = false;
};

/// A completion's place in one of its loop's lists, or such a list.
struct completion_link {
    completion_link* previous;
    completion_link* next; ///< without a meaning while it is in no list

    completion_link() noexcept = default; // no list: its operation may never need one
    completion_link(completion_link const&) = delete;
    completion_link& operator=(completion_link const&) = delete;

    void link_before(completion_link& other) noexcept {
        previous = other.previous;
        next = &other;
        previous->next = this;
        other.previous = this;
    }
    void unlink() noexcept {
        previous->next = next;
        next->previous = previous;
    }
};

/// A list of completions, which is pinned with them.
class completion_list {
public:
    completion_list() noexcept { head_.previous = head_.next = &head_; }

    [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }
    [[nodiscard]] completion_link* begin() const noexcept { return head_.next; }
    [[nodiscard]] completion_link const* end() const noexcept { return &head_; }
    void push(completion_link& link) noexcept { link.link_before(head_); }

private:
    completion_link head_;
};

/// See the top of this file.
class completion : public work, completion_link {
public:
    explicit completion(completion_functions const& functions) noexcept
        : work(functions.run, functions) {
        set_idle();
    }
    using work::by_coroutine;
    /// For who starts it, or calls set_idle(), before anything else; and go_on_with() before it
    /// runs.
    completion(by_coroutine, completion_functions const& functions) noexcept
        : work(by_coroutine{}, functions) {}
    ~completion() {
        if (stage_ != stage::idle) [[unlikely]]
            destroyed_in_flight();
    }

    [[nodiscard]] completion_functions const& functions() const noexcept {
        return static_cast<completion_functions const&>(work::functions());
    }
    /// `res` and `flags` of the CQE that counts: of a zero-copy send the first, else the last.
    [[nodiscard]] abi::cqe outcome() const noexcept { return abi::cqe{0, res_, flags_}; }
    [[nodiscard]] std::int32_t res() const noexcept { return res_; }
    /// Somebody asked for its end.
    [[nodiscard]] bool stop_was_wanted() const noexcept { return stop_wanted_; }
    /// It was cancelled before the kernel heard of it.
    [[nodiscard]] bool never_started() const noexcept { return never_started_; }
    [[nodiscard]] bool is_idle() const noexcept { return stage_ == stage::idle; }
    /// The outcome was taken: it may be destroyed, or started again.
    void set_idle() noexcept { all_ = only(stage::idle); }
    /// For functions().fill of a chain, whose SQEs have completions of their own.
    void set_started() noexcept { all_ = only(stage::in_flight); }
    /// For functions().more.
    void note(abi::cqe const& c) noexcept {
        static_assert(sizeof(res_) + sizeof(flags_) == 8);
        std::memcpy(&res_, &c.res, 8);
    }
    /// The same of both as they lie in the CQE.
    void note(std::uint64_t res_and_flags) noexcept { std::memcpy(&res_, &res_and_flags, 8); }

private:
    friend class loop;
    friend struct loop_state;

    enum class stage : std::uint8_t {
        idle,      ///< not started, or its outcome was taken
        waiting,   ///< for room in the queues
        in_flight, ///< the kernel has it, or will at the next enter; or it is about to run
    };

    [[gnu::cold, noreturn]] void destroyed_in_flight() const noexcept;

    /// all_ with that stage, and false for all the rest.
    [[nodiscard]] static constexpr std::uint64_t only(stage s) noexcept {
        struct bytes {
            std::uint8_t first;
            std::uint8_t rest[7];
        };
        return std::bit_cast<std::uint64_t>(bytes{static_cast<std::uint8_t>(s), {}});
    }

    void* kept_step_; // while it is among its loop's wishes for an end, and step() is the loop's
    std::int32_t res_;
    std::uint32_t flags_;
    __extension__ union {
        std::uint64_t all_; // these at once
        struct {
            stage stage_;
            bool stop_wanted_;
            bool never_started_;
            // Of what is among its loop's wishes for an end:
            bool to_be_asked_; // at the next submission
            bool asked_;       // a cancel of it is in flight; until that is over it must not run
            bool ended_;       // its final CQE came, but that of the cancel did not
            bool held_back_;   // its final CQE came, but its notification may, too
        };
    };
};

} // namespace rondo
