// SPDX-License-Identifier: MIT
#pragma once

// What waits between coroutines: for a mutex, a semaphore, an event, a channel. A waiter lies in
// the frame of who waits (of a coroutine, or of a thread without a loop), is linked in the list of
// what it waits for, and goes on on its own loop, whichever thread lets it. Lists and outcomes
// change under the lock of what is waited for; all else says which thread.

#include <rondo/core/duration.hpp>
#include <rondo/core/word.hpp>
#include <rondo/core/word_lock.hpp>
#include <rondo/coro/operation.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/work.hpp>

#include <coroutine>
#include <cstdint>

namespace rondo::detail {

class waiter;
class waiter_list;

/// Waiters that were taken out of their lists, to go on when the lock is let go.
class woken {
public:
    woken() noexcept = default;
    woken(woken const&) = delete;
    woken& operator=(woken const&) = delete;

    void add(waiter& w) noexcept;
    /// In order. Not under the lock. What they waited for may be gone as soon as one of them goes
    /// on, and is left alone.
    void go_on() noexcept;

private:
    waiter* first_ = nullptr;
    waiter** end_ = &first_;
};

struct wait_functions : work_functions {
    /// Is called under the lock for one that was taken out of the list before its turn; null where
    /// that means nothing for the others.
    void (*left)(waiter& self, woken& others) noexcept = nullptr;
};

/// How a wait ended.
enum class wait_outcome : std::uint8_t {
    none,
    granted,
    ended,   ///< what it waits for was closed
    failed,  ///< for want of memory
    stopped, ///< its strand is to end
    late,    ///< its time was up
};

/// Of what was not granted; of none: what would have to wait.
[[nodiscard]] error failure_of(wait_outcome how) noexcept;

/// See the top of this file. Pinned; its list outlives it.
class waiter : public work, public inbox_item {
public:
    /// `line` is null for a thread that runs no loop.
    waiter(strand* line, wait_functions const& functions) noexcept
        : work(&run_it, functions), inbox_item(&arrived), line_(line) {}
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;

    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        line_->waits_for(this);
    }
    [[nodiscard]] wait_outcome outcome() const noexcept { return outcome_; }
    /// Under the lock, or before it waits.
    void settle(wait_outcome how) noexcept { outcome_ = how; }

    /// Any thread, once it is out of its list, and not under the lock. From here on it may be gone.
    void go_on() noexcept;
    /// Its own thread. Ends the wait, if nobody else did: then true, and it is out of its list.
    bool withdraw(wait_outcome why) noexcept;
    /// Of a coroutine: withdraw(), and go on.
    void give_up(wait_outcome why) noexcept {
        if (withdraw(why))
            go_on();
    }
    /// Of a thread: sleeps until it may go on, or until then.
    void sleep(deadline until) noexcept;

protected:
    ~waiter() = default;
    static void stop_it(work& w) noexcept {
        static_cast<waiter&>(w).give_up(wait_outcome::stopped);
    }
    /// Nothing is waited for any more where a stop was asked for.
    [[nodiscard]] bool is_stopped() noexcept {
        if (line_ == nullptr || !line_->stop_requested()) [[likely]]
            return false;
        outcome_ = wait_outcome::stopped;
        return true;
    }
    [[nodiscard]] error failure() const noexcept { return failure_of(outcome_); }

private:
    friend class waiter_list;
    friend class woken;

    static void run_it(work& w) noexcept;
    static void arrived(inbox_item& item) noexcept { run_it(static_cast<waiter&>(item)); }

    strand* line_;
    std::coroutine_handle<> frame_;
    waiter_list* list_ = nullptr;
    waiter* previous_ = nullptr;
    waiter* next_ = nullptr; // of the list, or of `woken`
    std::uint32_t told_ = 0; // of a thread: the word it sleeps on
    wait_outcome outcome_ = wait_outcome::none;
    bool listed_ = false; // read without the lock too, as a hint
};

/// Who waits, in order of arrival. Under the lock.
class waiter_list {
public:
    explicit waiter_list(word_lock& lock) noexcept : lock_(lock) {}
    waiter_list(waiter_list const&) = delete;
    waiter_list& operator=(waiter_list const&) = delete;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// Null if it is empty.
    [[nodiscard]] waiter* first() const noexcept { return first_; }
    void push(waiter& w) noexcept {
        w.list_ = this;
        w.previous_ = last_;
        w.next_ = nullptr;
        (last_ != nullptr ? last_->next_ : first_) = &w;
        last_ = &w;
        store_relaxed(&w.listed_, true);
    }
    void remove(waiter& w) noexcept {
        (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
        (w.next_ != nullptr ? w.next_->previous_ : last_) = w.previous_;
        store_relaxed(&w.listed_, false);
    }
    /// The first's wait is over.
    waiter& pop(wait_outcome how, woken& to) noexcept {
        waiter& w = *first_;
        remove(w);
        w.outcome_ = how;
        to.add(w);
        return w;
    }
    void pop_all(wait_outcome how, woken& to) noexcept {
        while (!empty())
            pop(how, to);
    }

private:
    friend class waiter;

    word_lock& lock_;
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

inline void woken::add(waiter& w) noexcept {
    w.next_ = nullptr;
    *end_ = &w;
    end_ = &w.next_;
}

/// Holds a word_lock.
class locked {
public:
    explicit locked(word_lock& lock) noexcept : lock_(lock) { lock.take(); }
    locked(locked const&) = delete;
    locked& operator=(locked const&) = delete;
    ~locked() { lock_.let_go(); }

private:
    word_lock& lock_;
};

} // namespace rondo::detail
