// SPDX-License-Identifier: MIT
#include <rondo/ring/reservation.hpp>

#include "shard_hot.hpp"

#include <cerrno>
#include <utility>

namespace rondo {

void reservation::refuse_to_add() const noexcept {
    RONDO_ASSERT(shard_ != nullptr, "an operation was added to a reservation after commit()");
    RONDO_ASSERT(false, "more operations were added than were reserved");
    __builtin_unreachable();
}

void reservation::give_up() noexcept {
    next_ = nullptr;
    if (shard* const s = std::exchange(shard_, nullptr); s != nullptr)
        s->return_slots(std::exchange(first_, nullptr));
}

reservation& reservation::operator=(reservation&& other) noexcept {
    if (this != &other) {
        give_up();
        shard_ = std::exchange(other.shard_, nullptr);
        size_ = other.size_;
        added_ = other.added_;
        first_ = std::exchange(other.first_, nullptr);
        next_ = std::exchange(other.next_, nullptr);
    }
    return *this;
}

void reservation::lend_added([[maybe_unused]] bool to_kernel) const noexcept {
#if defined(RONDO_ASAN)
    flight_slot const* slot = first_;
    for (std::uint32_t i = 0; i < added_; ++i, slot = static_cast<flight_slot const*>(slot->next))
        slot->lend(to_kernel);
#endif
}

shard_enter reservation::begin_commit() noexcept {
    RONDO_ASSERT(shard_ != nullptr, "a reservation was committed twice");
    if (added_ == 0 || shard_->is_child()) [[unlikely]]
        return {};
    lend_added(true);
    return shard_->begin(first_, added_);
}

void reservation::end_commit(shard_enter const& made, long answer) noexcept {
    made.where->end(made, answer);
    // The added ones may be over, and gone.
    shard_ = nullptr;
    if (flight_slot* const rest = std::exchange(next_, nullptr); rest != nullptr)
        made.where->return_slots(rest);
}

result<> reservation::commit_slowly() noexcept {
    shard& s = *shard_;
    if (s.is_child())
        return fail(ECHILD, attempt::enter, cause::forked);
    if (added_ == 0) {
        give_up();
        return {};
    }
    lend_added(true);
    result<> done;
    {
        shard::hold h(s);
        // From here on the added ones may be over, and gone, at any time.
        done = s.submit(h, first_, added_);
    }
    if (!done) {
        lend_added(false);
        give_up();
        return done;
    }
    first_ = next_; // what is left
    give_up();
    return {};
}

} // namespace rondo
