// SPDX-License-Identifier: MIT
#include <rondo/loop/inbox.hpp>

#include <rondo/core/futex.hpp>

namespace rondo {

inbox::~inbox() {
    RONDO_ASSERT(load_relaxed(&state_) <= closed,
                 "an inbox was destroyed with items in it; run what close() returns");
    static_cast<void>(close());
}

// The items are linked from the last one to the first one.
inbox_batch inbox::in_order(std::uintptr_t last) noexcept {
    inbox_item* first = nullptr;
    for (inbox_item* item = item_at(last); item != nullptr;) {
        inbox_item* const before = item->next_;
        item->next_ = first;
        first = item;
        item = before;
    }
    return inbox_batch(first);
}

bool inbox::refuse(inbox_item& item) const noexcept {
    item.next_ = &item;
    // The word stays as it is. Acquire: the partner is exchange()'s release in close(), so who is
    // refused sees what the consumer did before.
    static_cast<void>(load_acquire(&state_));
    return false;
}

// Only a post that found the mark calls this, and close() knows of it: step "wake".
void inbox::wake() noexcept {
    wake_(argument_);
    std::uint32_t const* const word = &woken_;
    // Release: the partners are close()'s acquires. From here on the inbox may be gone.
    if ((__atomic_fetch_add(&woken_, one_wake, __ATOMIC_RELEASE) & waited_for) != 0)
        futex_wake(word);
}

// Of an inbox that is not closed. Acquire: the partner is the release of each post that is taken.
// Release: the partner is the acquire of refuse().
std::uintptr_t inbox::exchange(std::uintptr_t next) noexcept {
    std::uintptr_t const was = __atomic_exchange_n(&state_, next, __ATOMIC_ACQ_REL);
    if (marked_ && was != asleep)
        to_wake_ += one_wake;
    marked_ = false;
    return was == asleep ? empty : was;
}

// Step "take".
inbox_batch inbox::take() noexcept {
    // Relaxed: only the consumer closes, and what it misses now prepare_to_sleep() finds.
    std::uintptr_t const seen = load_relaxed(&state_);
    if (seen == empty || seen == closed)
        return {};
    return in_order(exchange(empty));
}

// Step "mark".
bool inbox::prepare_to_sleep() noexcept {
    std::uintptr_t was = empty;
    // Relaxed: the mark tells of nothing but itself, and what `wake` needs is there since the inbox
    // is; an item that is found here is taken by exchange().
    if (__atomic_compare_exchange_n(&state_, &was, asleep, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        marked_ = true;
        return true;
    }
    return was == asleep || was == closed;
}

// Step "unmark".
void inbox::awake() noexcept {
    if (!marked_)
        return;
    marked_ = false;
    std::uintptr_t was = asleep;
    // Relaxed: as in prepare_to_sleep().
    if (!__atomic_compare_exchange_n(&state_, &was, empty, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
        to_wake_ += one_wake;
}

// Step "close".
inbox_batch inbox::close() noexcept {
    if (load_relaxed(&state_) == closed) // relaxed: the consumer wrote it
        return {};
    std::uintptr_t const last = exchange(closed);
    // Step "wait for wakers". Acquire, twice: the partner is wake()'s release, so that all those
    // calls have left the inbox and what `wake` uses. Who adds after this sees the bit, and wakes.
    std::uint32_t seen = __atomic_or_fetch(&woken_, waited_for, __ATOMIC_ACQUIRE);
    while (seen != (to_wake_ | waited_for)) {
        futex_wait(&woken_, seen);
        seen = load_acquire(&woken_);
    }
    return in_order(last);
}

} // namespace rondo
