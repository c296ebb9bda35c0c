// SPDX-License-Identifier: MIT
#include "queues.hpp"

#include "calls.hpp"

#include <rondo/core/annotate.hpp>

#include <cerrno>
#include <cstring>

namespace rondo::engine::emulation {

void queues::lay_out(abi::params& p, std::uint32_t first) noexcept {
    p.sq_off = {};
    p.cq_off = {};
    p.sq_off.head = sq_head_word_;
    p.sq_off.tail = sq_tail_;
    p.sq_off.ring_mask = constants_;
    p.sq_off.ring_entries = constants_ + 4;
    p.sq_off.flags = flags_word_;
    p.sq_off.dropped = dropped_word_;
    p.sq_off.array = array_;
    p.cq_off.head = cq_head_word_;
    p.cq_off.tail = cq_tail_word_;
    p.cq_off.ring_mask = constants_ + 8;
    p.cq_off.ring_entries = constants_ + 12;
    p.cq_off.overflow = overflow_word_;
    p.cq_off.cqes = cqes_;
    p.cq_off.flags = cq_flags_word_;
    *word(constants_) = sq_entries_ - 1;
    *word(constants_ + 4) = sq_entries_;
    *word(constants_ + 8) = cq_entries_ - 1;
    *word(constants_ + 12) = cq_entries_;
    sq_head_ = cq_tail_ = first;
    *word(sq_head_word_) = *word(sq_tail_) = first;
    *word(cq_head_word_) = *word(cq_tail_word_) = first;
}

result<queues> queues::create(abi::params& p, std::uint32_t first) noexcept {
    auto const flags = static_cast<abi::setup>(p.flags);
    queues out;
    out.sq_entries_ = p.sq_entries;
    out.cq_entries_ = p.cq_entries;
    out.sqe_bytes_ = has(flags, abi::setup::sqe128) ? 128 : 64;
    out.cqe_bytes_ = has(flags, abi::setup::cqe32) ? 32 : 16;
    std::uint32_t const behind = cqes_ + p.cq_entries * out.cqe_bytes_;
    bool const indexed = !has(flags, abi::setup::no_sqarray);
    out.array_ = indexed ? behind : 0;
    std::size_t const ring_bytes = behind + (indexed ? p.sq_entries * sizeof(std::uint32_t) : 0);
    std::size_t const sqe_bytes = std::size_t{p.sq_entries} * out.sqe_bytes_;
    if (has(flags, abi::setup::no_mmap)) {
        out.rings_ = pointer_to<std::byte>(p.cq_off.user_addr);
        out.sqes_ = pointer_to<std::byte>(p.sq_off.user_addr);
        std::uint64_t const rings = p.cq_off.user_addr, sqes = p.sq_off.user_addr;
        std::memset(out.rings_, 0, ring_bytes);
        out.lay_out(p, first);
        p.cq_off.user_addr = rings;
        p.sq_off.user_addr = sqes;
        return out;
    }
    auto rings = mapping::shareable(ring_bytes);
    if (!rings)
        return fail(rings.error());
    auto sqes = mapping::shareable(sqe_bytes);
    if (!sqes)
        return fail(sqes.error());
    out.own_rings_ = std::move(*rings);
    out.own_sqes_ = std::move(*sqes);
    out.rings_ = out.own_rings_.data();
    out.sqes_ = out.own_sqes_.data();
    out.lay_out(p, first);
    return out;
}

result<mapping> queues::map(std::uint64_t offset, std::size_t bytes) const noexcept {
    mapping const* which = nullptr;
    if (offset == abi::off_sq_ring || offset == abi::off_cq_ring)
        which = &own_rings_;
    else if (offset == abi::off_sqes)
        which = &own_sqes_;
    if (which == nullptr)
        return fail(EINVAL, attempt::map_rings);
    return which->again(bytes);
}

bool queues::take(abi::sqe128& out) noexcept {
    std::uint32_t slot = sq_head_++ & (sq_entries_ - 1);
    if (array_ != 0) {
        slot = load_relaxed(word(array_) + slot);
        if (slot >= sq_entries_) {
            store_release(word(dropped_word_), load_relaxed(word(dropped_word_)) + 1);
            return false;
        }
    }
    std::byte const* const from = sqes_ + std::size_t{slot} * sqe_bytes_;
    std::memcpy(&out.head, from, sizeof out.head);
    if (sqe_bytes_ == sizeof(abi::sqe128))
        std::memcpy(out.cmd, from + sizeof out.head, sizeof out.cmd);
    return true;
}

bool queues::post(abi::cqe32 const& c) noexcept {
    if (completions() >= cq_entries_)
        return false;
    std::uint32_t const slot = cq_tail_ & (cq_entries_ - 1);
    std::byte* const to = rings_ + cqes_ + std::size_t{slot} * cqe_bytes_;
    std::memcpy(to, &c.head, sizeof c.head);
    if (cqe_bytes_ == sizeof c)
        std::memcpy(to, &c, sizeof c);
    ++cq_tail_;
    store_release(word(cq_tail_word_), cq_tail_); // partner: the reaper's acquire load of the tail
    return true;
}

std::int32_t queues::adopt(queues& old) noexcept {
    std::uint32_t const queued = old.submissions(), unread = old.completions();
    if (queued > sq_entries_ || unread > cq_entries_)
        return -EOVERFLOW;
    sq_head_ = old.sq_head_;
    for (std::uint32_t i = 0; i < queued; ++i) {
        std::uint32_t const at = sq_head_ + i;
        std::memcpy(sqes_ + std::size_t{at & (sq_entries_ - 1)} * sqe_bytes_,
                    old.sqes_ + std::size_t{at & (old.sq_entries_ - 1)} * sqe_bytes_, sqe_bytes_);
    }
    cq_tail_ = old.cq_tail_;
    for (std::uint32_t at = cq_tail_ - unread; at != cq_tail_; ++at)
        std::memcpy(rings_ + cqes_ + std::size_t{at & (cq_entries_ - 1)} * cqe_bytes_,
                    old.rings_ + cqes_ + std::size_t{at & (old.cq_entries_ - 1)} * cqe_bytes_,
                    cqe_bytes_);
    *word(sq_head_word_) = sq_head_;
    *word(sq_tail_) = sq_head_ + queued;
    *word(cq_head_word_) = cq_tail_ - unread;
    *word(flags_word_) = *old.word(flags_word_);
    *word(dropped_word_) = *old.word(dropped_word_);
    *word(overflow_word_) = *old.word(overflow_word_);
    *word(cq_flags_word_) = *old.word(cq_flags_word_);
    store_release(word(cq_tail_word_), cq_tail_);
    return 0;
}

} // namespace rondo::engine::emulation
