// SPDX-License-Identifier: MIT

#include <rondo/loop/timers.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace rondo {
namespace {

void clear(timer_node& list) noexcept { list.previous = list.next = &list; }

void push(timer_node& list, timer_node& t) noexcept {
    t.previous = list.previous;
    t.next = &list;
    list.previous->next = &t;
    list.previous = &t;
}

// A chain is a list that ends with null and has no ways back.

/// Of two chains in order one; of equal deadlines those of `first` come first.
timer_node* merge(timer_node* first, timer_node* second) noexcept {
    timer_node* merged = nullptr;
    timer_node** end = &merged;
    while (first != nullptr && second != nullptr) {
        timer_node*& from = second->at < first->at ? second : first;
        *end = from;
        end = &from->next;
        from = from->next;
    }
    *end = first != nullptr ? first : second;
    return merged;
}

/// Cuts off and returns as much of the chain as is in order; not of an empty one.
timer_node* cut_ordered(timer_node*& chain) noexcept {
    timer_node* const first = chain;
    timer_node* last = first;
    while (last->next != nullptr && last->next->at >= last->at)
        last = last->next;
    chain = std::exchange(last->next, nullptr);
    return first;
}

/// In order of deadlines; equal ones stay as they were.
timer_node* sorted(timer_node* chain) noexcept {
    if (chain == nullptr)
        return nullptr;
    timer_node* const first = cut_ordered(chain);
    if (chain == nullptr)
        return first;
    // merges[i] is empty or made of 2^i cuts, which came before those of merges[i - 1]: no memory
    // holds timers for 64 of them.
    timer_node* merges[64] = {first};
    while (chain != nullptr) {
        timer_node* ordered = cut_ordered(chain);
        timer_node** to = merges;
        for (; *to != nullptr; ++to)
            ordered = merge(std::exchange(*to, nullptr), ordered);
        *to = ordered;
    }
    timer_node* all = nullptr;
    for (timer_node* const before : merges)
        all = merge(before, all);
    return all;
}

} // namespace

std::uint64_t timer_wheel::tick_of(std::int64_t ns) noexcept {
    return static_cast<std::uint64_t>(std::max(ns, std::int64_t{0})) >> tick_bits;
}

unsigned timer_wheel::level_of(std::uint64_t difference) noexcept {
    return (63u - static_cast<unsigned>(std::countl_zero(difference | 1))) / digit_bits;
}

unsigned timer_wheel::digit_of(std::uint64_t tick, unsigned level) noexcept {
    return static_cast<unsigned>(tick >> (level * digit_bits)) % slots_per_level;
}

timer_wheel::timer_wheel(std::int64_t now_ns) noexcept : tick_(tick_of(now_ns)), due_{} {
    clear(due_);
    for (timer_node& slot : slots_)
        clear(slot);
}

timer_wheel::~timer_wheel() {
    RONDO_ASSERT(size_ == 0, "a timer_wheel was destroyed with armed timers; disarm() them first");
    RONDO_ASSERT(!expiring_, "a timer_wheel was destroyed by a timer of its own; do it after "
                             "expire()");
}

void timer_wheel::arm(timer& t, std::int64_t deadline_ns) noexcept {
    if (t.is_armed())
        unlink(t);
    t.at = deadline_ns;
    file(t);
    ++size_;
}

bool timer_wheel::disarm(timer& t) noexcept {
    if (!t.is_armed())
        return false;
    unlink(t);
    return true;
}

void timer_wheel::file(timer_node& t) noexcept {
    std::uint64_t const tick = std::max(tick_of(t.at), tick_);
    unsigned const level = level_of(tick ^ tick_);
    unsigned const digit = digit_of(tick, level);
    std::uint64_t const bit = std::uint64_t{1} << digit;
    timer_node& slot = slots_[level * slots_per_level + digit];
    if ((occupied_[level] & bit) == 0 || t.at < slot.at)
        slot.at = t.at;
    occupied_[level] |= bit;
    push(slot, t);
}

void timer_wheel::file_all(timer_node* chain) noexcept {
    while (chain != nullptr)
        file(*std::exchange(chain, chain->next));
}

void timer_wheel::unlink(timer& t) noexcept {
    timer_node* const previous = t.previous;
    timer_node* const next = t.next;
    previous->next = next;
    next->previous = previous;
    t.next = nullptr;
    --size_;
    // The same on both sides is the list itself, empty now.
    if (previous == next && previous != &due_) {
        auto const slot = static_cast<std::size_t>(previous - slots_);
        occupied_[slot / slots_per_level] &= ~(std::uint64_t{1} << slot % slots_per_level);
    }
}

/// The occupied slot that comes first in time; slot_count if there is none.
unsigned timer_wheel::nearest() const noexcept {
    unsigned level = 0;
    while (level < levels && occupied_[level] == 0)
        ++level;
    if (level == levels)
        return slot_count;
    return level * slots_per_level + static_cast<unsigned>(std::countr_zero(occupied_[level]));
}

/// The first tick of an occupied slot.
std::uint64_t timer_wheel::start_of(unsigned slot) const noexcept {
    unsigned const below = slot / slots_per_level * digit_bits;
    std::uint64_t const above = tick_ >> below >> digit_bits << digit_bits;
    return (above | slot % slots_per_level) << below;
}

/// Empties an occupied slot. Returns what was in it, a chain.
timer_node* timer_wheel::take(unsigned slot) noexcept {
    timer_node& list = slots_[slot];
    timer_node* const first = list.next;
    list.previous->next = nullptr;
    clear(list);
    occupied_[slot / slots_per_level] &= ~(std::uint64_t{1} << slot % slots_per_level);
    return first;
}

/// Adds what is due of a slot of level 0 to due_, and files the rest again.
void timer_wheel::sift(unsigned slot, std::int64_t now_ns) noexcept {
    timer_node* due = nullptr;
    timer_node** due_end = &due;
    for (timer_node* t = take(slot); t != nullptr;) {
        timer_node& one = *std::exchange(t, t->next);
        if (one.at > now_ns) {
            file(one);
        } else {
            *due_end = &one;
            due_end = &one.next;
        }
    }
    *due_end = nullptr;
    for (timer_node* t = sorted(due); t != nullptr;)
        push(due_, *std::exchange(t, t->next));
}

/// To the tick of `now_ns`, from one occupied slot to the next. Those of level 0 are sifted, the
/// others filed again at lower levels: which sorts by ticks, in linear time.
void timer_wheel::advance(std::int64_t now_ns) noexcept {
    std::uint64_t const tick = tick_of(now_ns);
    for (unsigned slot = nearest(); slot != slot_count; slot = nearest()) {
        std::uint64_t const start = start_of(slot);
        if (start > tick)
            break;
        tick_ = start;
        if (slot >= slots_per_level) {
            file_all(take(slot));
        } else {
            sift(slot, now_ns);
            if (start == tick)
                break; // what it holds now is not due
        }
    }
    tick_ = tick;
}

/// Back to an earlier tick: what lies before the wheel's is all in one slot, the rest too low.
void timer_wheel::rewind(std::uint64_t tick) noexcept {
    timer_node* all = nullptr;
    timer_node** end = &all;
    for (unsigned slot = nearest(); slot != slot_count; slot = nearest()) {
        timer_node* const last = slots_[slot].previous;
        *end = take(slot);
        end = &last->next;
    }
    tick_ = tick;
    file_all(all);
}

std::size_t timer_wheel::expire(std::int64_t now_ns) noexcept {
    RONDO_ASSERT(!expiring_, "timer_wheel::expire() was called by a timer that expires; arm() one "
                             "for the next call instead");
    std::uint64_t const tick = tick_of(now_ns);
    if (size_ == 0)
        tick_ = tick;
    else if (tick < tick_)
        rewind(tick);
    // While nothing is due the wheel stands still: what is disarmed in time is never filed again.
    if (next() > now_ns)
        return 0;
    advance(now_ns);
    expiring_ = true;
    std::size_t count = 0;
    for (; due_.next != &due_; ++count) {
        auto& t = static_cast<timer&>(*due_.next);
        unlink(t);
        t.expired_(t);
    }
    expiring_ = false;
    return count;
}

std::int64_t timer_wheel::next() const noexcept {
    std::int64_t const due = due_.next != &due_ ? due_.next->at : never;
    unsigned const slot = nearest();
    return slot != slot_count ? std::min(due, slots_[slot].at) : due;
}

} // namespace rondo
