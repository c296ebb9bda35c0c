// SPDX-License-Identifier: MIT
#include <rondo/ring/buffer_hook.hpp>

#include "buffer_pool.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/ring/buffer_ring.hpp>

namespace rondo {

// Where there are buffers and somebody in line, one in line has news that it is yet to look at:
// each buffer that comes back is told of, and who knew of the last one passes on what is left.

buffer_hook::buffer_hook(buffer_ring& pool, told_function told) noexcept
    : pool_(pool.state_), told_(told) {
    RONDO_ASSERT(pool_ != nullptr, "a moved-from buffer ring was used");
}

bool buffer_hook::has_pool() const noexcept { return pool_->registered; }

bool buffer_hook::pass_or_wait() noexcept {
    buffer_ring_state& pool = *pool_;
    if (!in_line_) {
        if (pool.first_in_line == nullptr && pool.has_buffer())
            return true;
        previous_ = pool.last_in_line;
        next_ = nullptr;
        (previous_ != nullptr ? previous_->next_ : pool.first_in_line) = this;
        pool.last_in_line = this;
        in_line_ = true;
        return false;
    }
    if (knows_ == news::none)
        return false;
    knows_ = news::none;
    --pool.told;
    if (!pool.has_buffer())
        return false; // others were faster
    unlink();
    if (buffer_hook* const next = pool.first_in_line; next != nullptr && pool.told == 0) {
        next->knows_ = news::left_over;
        ++pool.told;
        next->told_(*next, news::left_over);
    }
    return true;
}

void buffer_hook::leave() noexcept {
    if (!in_line_)
        return;
    unlink();
    if (knows_ == news::none)
        return;
    knows_ = news::none;
    --pool_->told;
    pool_->tell_of_one_more();
}

void buffer_hook::unlink() noexcept {
    (previous_ != nullptr ? previous_->next_ : pool_->first_in_line) = next_;
    (next_ != nullptr ? next_->previous_ : pool_->last_in_line) = previous_;
    in_line_ = false;
}

void buffer_ring_state::tell_of_one_more() noexcept {
    buffer_hook* h = first_in_line;
    while (h != nullptr && h->knows_ == buffer_hook::news::returned)
        h = h->next_;
    if (h == nullptr)
        return;
    told += h->knows_ == buffer_hook::news::none ? 1u : 0u;
    h->knows_ = buffer_hook::news::returned;
    h->told_(*h, buffer_hook::news::returned);
}

} // namespace rondo
