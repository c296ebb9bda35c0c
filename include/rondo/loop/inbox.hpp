// SPDX-License-Identifier: MIT
#pragma once

// inbox: the one door into a loop for other threads. A queue of nodes that their owners keep, with
// many posters and one consumer, without locks and without allocation. Who posts to a consumer that
// sleeps wakes it, and nobody else does: one wake-up per batch. post(): any thread, the consumer's
// too. All else: the consumer's thread only.

#include <rondo/core/assert.hpp>
#include <rondo/core/word.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo {

/// What is posted: a function to run on the consumer's thread. Derive from it to say on what. Its
/// owner keeps it in place and leaves it alone from post() to the call of its function; there it
/// may be posted again, or destroyed.
class inbox_item {
public:
    using run_function = void (*)(inbox_item&) noexcept;

    explicit inbox_item(run_function run) noexcept : run_(run), next_(this) {}
    inbox_item(inbox_item const&) = delete;
    inbox_item& operator=(inbox_item const&) = delete;
    ~inbox_item() {
        RONDO_ASSERT(next_ == this, "an inbox_item was destroyed while posted; it must live until "
                                    "the consumer has called its function");
    }

private:
    friend class inbox;
    friend class inbox_batch;

    run_function run_;
    inbox_item* next_; // itself: not posted; null: the last of a list
};

/// Items taken from an inbox, in the order in which they were posted: of one thread the order of
/// its calls. Whoever takes it runs all of it before it is destroyed. Move-only; the consumer's
/// thread.
class [[nodiscard("the items in it must be run")]] inbox_batch {
public:
    inbox_batch() noexcept = default;
    inbox_batch(inbox_batch&& other) noexcept : first_(other.first_) { other.first_ = nullptr; }
    inbox_batch& operator=(inbox_batch&&) = delete;
    ~inbox_batch() {
        RONDO_ASSERT(first_ == nullptr, "a batch of inbox items was dropped; run all of it");
    }

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// Calls the first one's function; not of an empty batch.
    void run_one() noexcept {
        RONDO_ASSERT(first_ != nullptr, "run_one() of an empty inbox_batch; ask empty() first");
        inbox_item& item = *first_;
        first_ = item.next_;
        item.next_ = &item;
        item.run_(item);
    }
    /// Calls the functions of all that are left. Returns their number.
    std::size_t run() noexcept {
        std::size_t count = 0;
        for (; first_ != nullptr; ++count)
            run_one();
        return count;
    }

private:
    friend class inbox;
    explicit inbox_batch(inbox_item* first) noexcept : first_(first) {}

    inbox_item* first_ = nullptr;
};

/// See the top of this file. A consumer's turn:
///
///     box.take().run();
///     if (box.prepare_to_sleep()) {
///         ... sleep until `wake` was called, or for any other reason ...
///         box.awake();
///     }
///
/// All of it is one word, so the order of its changes is the same for everybody, and needs no
/// fence: what a change found there is what the one before it left. Either a post finds the mark
/// `asleep` and wakes, or prepare_to_sleep() finds the post's item and does not mark. Steps of
/// tests/model/inbox.pml.
///
/// It outlives every call of post(), with one exception: a call whose item was taken, or that has
/// yet to wake, is waited for by close(), so an item may well be the one that ends the loop.
class alignas(64) inbox {
public:
    /// Is called with `argument` on the thread of a post that found the consumer asleep, after the
    /// post, when the consumer may be awake already for another reason. Does not use the inbox and
    /// does not wait for the consumer. Is not called any more when close() has returned.
    using wake_function = void (*)(void* argument) noexcept;

    inbox(wake_function how, void* argument) noexcept : wake_(how), argument_(argument) {}
    inbox(inbox const&) = delete;
    inbox& operator=(inbox const&) = delete;
    /// Closes it, if that is yet to be done; then nothing may be posted.
    ~inbox();

    /// Any thread. Puts `item` behind all that were posted before, and wakes the consumer if it
    /// sleeps. What this thread did before, the item's function sees. False: the inbox is closed
    /// and the item is the caller's as before.
    [[nodiscard("if it is false the item will not run")]] bool post(inbox_item& item) noexcept {
        RONDO_ASSERT(item.next_ == &item, "an inbox_item was posted twice; post it again when its "
                                          "function has been called");
        // Relaxed, here and when the exchange fails: what was seen is only compared and linked, and
        // the item that it may be is not looked into.
        std::uintptr_t was = load_relaxed(&state_);
        do { // step "push"; it fails only when another one's post or the consumer got on
            if (was == closed) [[unlikely]]
                return refuse(item);
            item.next_ = was == asleep ? nullptr : item_at(was);
            // Release: the partner is exchange()'s acquire. It meets the releases of all posts that
            // it takes, not only of the last one: each post, awake() and prepare_to_sleep() change
            // the word by an exchange, and so continue the release sequences of those before.
        } while (!__atomic_compare_exchange_n(&state_, &was, word_of(item), true, __ATOMIC_RELEASE,
                                              __ATOMIC_RELAXED));
        // From here on the item, and unless this call has to wake, the inbox, may be gone.
        if (was == asleep) [[unlikely]]
            wake();
        return true;
    }

    /// All that was posted so far. What is posted from now on, by the functions of these items too,
    /// is in the next batch. The consumer is awake after it.
    inbox_batch take() noexcept;

    /// From true on, the next post() calls `wake`, once; so it is after close() too, when there
    /// will be none. False: there is something to take.
    [[nodiscard]] bool prepare_to_sleep() noexcept;

    /// After sleeping: a post need not wake any more. Nothing if the consumer did not sleep.
    void awake() noexcept;

    /// post() is false from now on. Returns all that was posted before and not taken: each item
    /// whose post was true is in this batch or in an earlier one. Waits for posts that are about to
    /// call `wake`. Of a closed inbox: nothing.
    inbox_batch close() noexcept;

private:
    // state_, if it is not the address of the item that was posted last. Nothing is posted then.
    static constexpr std::uintptr_t empty = 0;
    static constexpr std::uintptr_t asleep = 1; // and the consumer wants to be woken
    static constexpr std::uintptr_t closed = 2; // for good
    static_assert(alignof(inbox_item) > closed);

    // woken_, a number of wake-ups, counts in twos beside this bit: close() sleeps on the word.
    static constexpr std::uint32_t waited_for = 1;
    static constexpr std::uint32_t one_wake = 2;

    [[nodiscard]] static std::uintptr_t word_of(inbox_item& item) noexcept {
        return reinterpret_cast<std::uintptr_t>(&item);
    }
    [[nodiscard]] static inbox_item* item_at(std::uintptr_t state) noexcept {
        return reinterpret_cast<inbox_item*>(state);
    }
    [[nodiscard]] static inbox_batch in_order(std::uintptr_t last) noexcept;

    [[gnu::cold]] bool refuse(inbox_item& item) const noexcept;
    [[gnu::noinline]] void wake() noexcept;
    [[nodiscard]] std::uintptr_t exchange(std::uintptr_t next) noexcept;

    std::uintptr_t state_ = empty;
    wake_function wake_;
    void* argument_;
    std::uint32_t woken_ = 0; // calls of wake() that are over
    // The consumer's own.
    std::uint32_t to_wake_ = 0; // posts that found the mark, so calls of wake(): over, or to come
    bool marked_ = false;       // `asleep` is there, or was until a post found it
};

} // namespace rondo
