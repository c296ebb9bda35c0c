// SPDX-License-Identifier: MIT
#include <rondo/ring/completion_queue.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace rondo {

completion_queue::completion_queue(void* rings, abi::params const& p) noexcept {
    auto const word = [rings](std::uint32_t offset) {
        return reinterpret_cast<std::uint32_t*>(static_cast<char*>(rings) + offset);
    };
    auto const flags = static_cast<abi::setup>(p.flags);
    khead_ = word(p.cq_off.head);
    kernel_tail_ = word(p.cq_off.tail);
    ktail_ = kernel_tail_;
    koverflow_ = word(p.cq_off.overflow);
    kflags_ = p.cq_off.flags != 0 ? word(p.cq_off.flags) : nullptr;
    cqes_ = reinterpret_cast<abi::cqe*>(static_cast<char*>(rings) + p.cq_off.cqes);
    entries_ = p.cq_entries;
    mask_ = p.cq_entries - 1;
    stride_ = has(flags, abi::setup::cqe32) ? sizeof(abi::cqe32) : sizeof(abi::cqe);
    mixed_ = has(flags, abi::setup::cqe_mixed);
    head_ = *khead_;
    tail_seen_ = head_;
}

/// Counts an entry that is being taken. Returns how many slots it fills.
std::uint32_t completion_queue::count(abi::cqe const& entry) noexcept {
    if (mixed_ && abi::has(entry, abi::cqe_flag::skip)) {
        ++not_final_;
        return 1;
    }
    std::uint32_t const slots = mixed_ && abi::has(entry, abi::cqe_flag::cqe32) ? 2 : 1;
    not_final_ += slots - 1 + (abi::more(entry) ? 1u : 0u);
    return slots;
}

abi::cqe const* completion_queue::take_unusual() noexcept {
    for (;;) {
        abi::cqe const* const entry = at(head_);
        head_ += count(*entry);
        if (!mixed_ || !abi::has(*entry, abi::cqe_flag::skip))
            return entry;
        if (head_ == tail_seen_ && !refill())
            return nullptr;
    }
}

bool completion_queue::pop(abi::cqe32& out) noexcept {
    out = abi::cqe32{};
    abi::cqe const* const entry = take();
    if (entry == nullptr)
        return false;
    out.head = *entry;
    bool const big =
        mixed_ ? abi::has(*entry, abi::cqe_flag::cqe32) : stride_ == sizeof(abi::cqe32);
    if (big) // the kernel never lets a pair wrap around
        std::memcpy(out.extra, entry + 1, sizeof out.extra);
    return true;
}

std::size_t completion_queue::copy(std::span<abi::cqe> out) noexcept {
    std::size_t n = 0;
    while (n < out.size() && pop(out[n]))
        ++n;
    if (n != 0)
        release();
    return n;
}

abi::cqe completion_queue::copy_ready(std::span<abi::cqe> out) noexcept {
    using words [[gnu::vector_size(16)]] = std::uint64_t;
    static_assert(sizeof(words) == sizeof(abi::cqe));
    words seen{};
    std::size_t const stride = stride_;
    abi::cqe* to = out.data();
    for (std::size_t left = out.size(); left != 0;) {
        // As many as lie one behind another.
        auto const n = std::min<std::size_t>(left, entries_ - (head_ & mask_));
        char const* from = reinterpret_cast<char const*>(at(head_));
        left -= n;
        head_ += static_cast<std::uint32_t>(n);
        auto const copy_one = [&](std::size_t i) noexcept {
            words entry;
            std::memcpy(&entry, from + i * sizeof entry, sizeof entry);
            std::memcpy(to + i, &entry, sizeof entry);
            return entry;
        };
        words part{}; // in a register, where `seen` is not
        abi::cqe const* const end = to + n;
        abi::cqe const* const eights = stride == sizeof(words) ? to + n / 8 * 8 : to;
        for (; to != eights; from += 8 * sizeof(words), to += 8)
            part |= copy_one(0) | copy_one(1) | copy_one(2) | copy_one(3) | copy_one(4) |
                    copy_one(5) | copy_one(6) | copy_one(7);
        for (; to != end; from += stride, ++to)
            part |= copy_one(0);
        seen |= part;
    }
    if (tail_seen_ - head_ > entries_)
        tail_seen_ = head_;
    release();
    return std::bit_cast<abi::cqe>(seen);
}

void completion_queue::advance(std::uint32_t n) noexcept {
    for (std::uint32_t const end = head_ + n; head_ != end;)
        head_ += (at(head_)->flags & unusual) != 0 ? count(*at(head_)) : 1;
    if (tail_seen_ - head_ > entries_)
        tail_seen_ = head_;
    release();
}

} // namespace rondo
