// SPDX-License-Identifier: MIT
#include "descriptor.hpp"
#include "shard.hpp"

#include <exception>
#include <span>
#include <utility>

namespace rondo {
namespace {

constexpr std::uint32_t first_chunk = 64;

} // namespace

/// Step "take slots". Mostly those that were taken last are free again, and in the cache; or else
/// the next ones are.
flight_slot* shard::take_slots(hold&, std::uint32_t n) noexcept {
    if (last_batch_ != next_slot_ && !last_batch_->is_taken() && !next_slot_[-1].is_taken())
        next_slot_ = last_batch_;
    last_batch_ = next_slot_;
    flight_slot* slot = next_slot_;
    flight* first = nullptr;
    for (flight** place = &first; n != 0; --n, ++slot) {
        if (slot == chunk_end_ || slot->is_taken()) [[unlikely]] {
            slot = find_free_slot(slot);
            if (slot == nullptr) {
                *place = nullptr;
                return_slots(static_cast<flight_slot*>(first));
                return nullptr;
            }
        }
        store_relaxed(&slot->generation, load_relaxed(&slot->generation) | flight_slot::taken);
        slot->word = flight::idle; // nobody but the lock's holder looks at it yet
        slot->cancelled = false;
        slot->listed = false;
        slot->streams = false;
        slot->chained = false;
        slot->cancels = 0;
        slot->runs = 0;
        ++slot->lap;
        slot->next = nullptr;
        *place = slot;
        place = &slot->next;
    }
    next_slot_ = slot;
    return static_cast<flight_slot*>(first);
}

/// The next free one from `slot` on; more are made when more than half of them are not. Null for
/// want of memory.
flight_slot* shard::find_free_slot(flight_slot* slot) noexcept {
    std::uint32_t const most_looks = all_slots_ / 2;
    for (std::uint32_t looks = 0; looks != most_looks; ++looks, ++slot) {
        if (slot == chunk_end_)
            slot = look_in((chunk_ + 1) % slots_.size());
        if (!slot->is_taken())
            return slot;
    }
    return grow() ? look_in(slots_.size() - 1) : nullptr;
}

/// A chunk's first one, from which the next ones are taken.
flight_slot* shard::look_in(std::size_t chunk) noexcept {
    chunk_ = chunk;
    next_slot_ = slots_[chunk].get();
    last_batch_ = next_slot_;
    chunk_end_ = next_slot_ + chunk_sizes_[chunk];
    return next_slot_;
}

void shard::return_slots(flight_slot* first) noexcept {
    while (first != nullptr) {
        flight_slot* const slot = std::exchange(first, static_cast<flight_slot*>(first->next));
        slot->give_back(load_relaxed(&slot->generation));
    }
}

/// As many slots more as there are. False for want of memory.
bool shard::grow() noexcept {
    std::uint32_t const count = chunk_sizes_.empty() ? first_chunk : all_slots_;
    try {
        chunk_sizes_.reserve(chunk_sizes_.size() + 1);
        slots_.push_back(std::make_unique<flight_slot[]>(count));
    } catch (std::exception const&) {
        return false;
    }
    chunk_sizes_.push_back(count);
    all_slots_ += count;
    for (flight_slot& fresh : std::span(slots_.back().get(), count))
        fresh.owner = this;
    return true;
}

shard::~shard() {
    if (registers_)
        forget_shard(id_, fd_);
    for (std::size_t chunk = 0; chunk < slots_.size(); ++chunk)
        for (flight_slot& slot : std::span(slots_[chunk].get(), chunk_sizes_[chunk]))
            if (slot.is_taken() && slot.runs != 0 && slot.is_over()) {
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
