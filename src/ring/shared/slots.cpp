// SPDX-License-Identifier: MIT
#include "descriptor.hpp"
#include "shard.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace rondo {
namespace {

constexpr std::uint32_t first_chunk = 64;

} // namespace

/// Step "take slots".
flight_slot* shard::take_slots(hold&, std::uint32_t n) noexcept {
    // Mostly the next one is free; more are made when more than half of them are not.
    std::uint32_t const most_looks = std::max(first_chunk, all_slots_) / 2;
    flight* first = nullptr;
    for (flight** place = &first; n != 0; --n) {
        flight_slot* slot = next_slot_;
        // Partner: flight_slot::give_back: the slot is seen as its last user left it.
        for (std::uint32_t looks = 0; slot == nullptr || load_acquire(&slot->taken) != 0; ++looks) {
            if (slot == nullptr || looks == most_looks) {
                slot = grow();
                if (slot == nullptr) {
                    return_slots(static_cast<flight_slot*>(first));
                    return nullptr;
                }
                break;
            }
            slot = slot->after;
        }
        next_slot_ = slot->after;
        __atomic_store_n(&slot->taken, std::uint32_t{1}, __ATOMIC_RELAXED);
        __atomic_store_n(&slot->word, static_cast<std::uint32_t>(flight::idle), __ATOMIC_RELAXED);
        slot->cancelled = false;
        slot->submitted = false;
        slot->runs = 0;
        slot->next = nullptr;
        *place = slot;
        place = &slot->next;
    }
    return static_cast<flight_slot*>(first);
}

void shard::return_slots(flight_slot* first) noexcept {
    while (first != nullptr)
        std::exchange(first, static_cast<flight_slot*>(first->next))->give_back();
}

/// As many slots more as there are, before the next one of the circle. Null for want of memory.
flight_slot* shard::grow() noexcept {
    std::uint32_t const count = chunk_sizes_.empty() ? first_chunk : all_slots_;
    try {
        chunk_sizes_.reserve(chunk_sizes_.size() + 1);
        slots_.push_back(std::make_unique<flight_slot[]>(count));
    } catch (std::exception const&) {
        return nullptr;
    }
    chunk_sizes_.push_back(count);
    all_slots_ += count;
    flight_slot* const fresh = slots_.back().get();
    for (std::uint32_t i = 0; i < count; ++i) {
        fresh[i].owner = this;
        fresh[i].after = i + 1 < count ? &fresh[i + 1] : fresh;
    }
    if (next_slot_ != nullptr)
        std::swap(fresh[count - 1].after, next_slot_->after);
    return fresh;
}

shard::~shard() {
    if (registers_)
        forget_shard(id_, fd_);
    for (std::size_t chunk = 0; chunk < slots_.size(); ++chunk)
        for (flight_slot& slot : std::span(slots_[chunk].get(), chunk_sizes_[chunk]))
            if (slot.taken != 0 && slot.submitted && slot.is_over()) {
                slot.lend(false);
                slot.functions->discard(slot.operation, slot.completion);
            }
}

shard_statistics shard::statistics() noexcept {
    if (is_child())
        return {};
    hold const h(*this);
    shard_statistics out;
    submission_queue const& sq = ring_.sq();
    completion_queue const& cq = ring_.cq();
    out.sq_head = sq.head();
    out.sq_tail = sq.tail();
    out.cq_head = cq.head();
    out.cq_tail = cq.tail();
    out.dropped = sq.dropped();
    out.overflows = cq.overflow();
    out.in_flight = in_flight_;
    out.submitted = submitted_;
    out.enters = enters_;
    out.contended = lock_.slept();
    out.handovers = handovers_;
    return out;
}

} // namespace rondo
