// SPDX-License-Identifier: MIT
#pragma once

// The submission queue: where SQEs are built and then shown to the kernel. Entries are reserved and
// filled privately; publish() shows them all with one store. One thread at a time.

#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/word.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo {

/// The producer's side of the mapped ring. A default-constructed queue has no entries.
class submission_queue {
public:
    constexpr submission_queue() noexcept = default;

    /// A view of the queue in memory mapped as `p` says: `rings` holds the words, `sqes` the SQEs.
    submission_queue(void* rings, void* sqes, abi::params const& p) noexcept;

    /// True when no entry is free, after a look at what the kernel has taken.
    [[gnu::always_inline]] [[nodiscard]] bool is_full() noexcept {
        return tail_ == limit_ && !refresh(1);
    }

    /// The next entry, which must be free: see is_full(), has_room(). It holds an old SQE: fill all
    /// of it.
    [[gnu::always_inline]] [[nodiscard]] abi::sqe& reserve() noexcept { return *at(tail_++); }

    /// Whether `n` entries are free, after a look at what the kernel has taken.
    [[nodiscard]] bool has_room(std::uint32_t n) noexcept {
        return limit_ - tail_ >= n || refresh(n);
    }

    /// Entries that are free, after a look at what the kernel has taken.
    [[nodiscard]] std::uint32_t room() noexcept {
        if (khead_ != nullptr && !rewinds_)
            limit_ = load_acquire(khead_) + entries_; // partner: see refresh()
        return limit_ - tail_;
    }

    /// Takes back the last `n` reserved entries, not yet published.
    void unreserve(std::uint32_t n) noexcept { tail_ -= n; }

    /// Shows the kernel everything reserved so far. Returns how many it has not taken yet.
    [[gnu::always_inline]] std::uint32_t publish() noexcept {
        std::uint32_t const tail = tail_;
        // Partner: the kernel's acquire of the tail before it reads the SQEs.
        store_release(ktail_, tail);
        // Without a poller the head moves only inside this thread's enters.
        return tail - load_relaxed(khead_);
    }

    /// publish() for rings of every kind. Where the kernel takes SQEs from the start of the array
    /// at every enter (sq_rewind), there is nothing to store; see took().
    std::uint32_t publish_any() noexcept { return rewinds_ ? tail_ : publish(); }

    /// What an enter answered, for queues that rewind: what was not taken moves to the front.
    void took(std::uint32_t n) noexcept {
        if (rewinds_)
            rewind(n);
    }

    /// After a resize, for queues that rewind: `before` was this queue, and its SQEs are still
    /// mapped. Of others the kernel copies what it has not taken. There is room for it.
    void continue_from(submission_queue const& before) noexcept;

    /// publish() for rings with a poller: true when it sleeps and must be woken. The tail must be
    /// visible before the flags are read, or both sides could sleep: seq_cst on both, and the
    /// kernel's full barrier between setting need_wakeup and reading the tail, are the partners.
    bool publish_to_poller() noexcept {
        store_seq_cst(ktail_, tail_);
        return (load_seq_cst(kflags_) & raw(abi::sq_ring_flag::need_wakeup)) != 0;
    }

    /// Takes back the newest entry, published or not, if the kernel has not taken it. Not with a
    /// poller.
    bool withdraw_newest() noexcept;

    /// Withdraws what was published and not taken. Not with a poller. Returns how many.
    std::uint32_t withdraw() noexcept;

    /// Entries that were reserved and not taken by the kernel yet.
    [[nodiscard]] std::uint32_t pending() const noexcept { return tail() - head(); }
    /// Entries reserved and not published.
    [[nodiscard]] std::uint32_t unpublished() const noexcept {
        return ktail_ == nullptr ? 0 : tail_ - load_relaxed(ktail_);
    }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return entries_; }
    /// The running index of the next entry; see at().
    [[nodiscard]] std::uint32_t next() const noexcept { return tail_; }
    /// Where in the array the next entry lies.
    [[nodiscard]] std::uint32_t next_slot() const noexcept { return tail_ & mask_; }
    /// Bytes of an entry: 64, or 128 with sqe128.
    [[nodiscard]] std::size_t entry_bytes() const noexcept { return stride_; }

    /// The kernel's and our counters, for observers and for loops of the caller's own.
    [[nodiscard]] std::uint32_t head() const noexcept {
        return khead_ == nullptr ? 0 : rewinds_ ? taken_ : load_acquire(khead_);
    }
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_ + taken_; }
    /// The kernel takes SQEs from the start of the array at every enter. Linux 7.0
    [[nodiscard]] bool rewinds() const noexcept { return rewinds_; }
    [[nodiscard]] abi::sq_ring_flag flags() const noexcept {
        return kflags_ == nullptr ? abi::sq_ring_flag{}
                                  : static_cast<abi::sq_ring_flag>(load_relaxed(kflags_));
    }
    /// SQEs that the kernel refused to look at because their index was out of range.
    [[nodiscard]] std::uint32_t dropped() const noexcept {
        return kdropped_ == nullptr ? 0 : load_relaxed(kdropped_);
    }
    [[nodiscard]] bool needs_wakeup() const noexcept {
        return has(flags(), abi::sq_ring_flag::need_wakeup);
    }

    /// The entry at a running index, whatever its state.
    [[gnu::always_inline]] [[nodiscard]] abi::sqe* at(std::uint32_t index) const noexcept {
        return reinterpret_cast<abi::sqe*>(reinterpret_cast<char*>(sqes_) +
                                           (index & mask_) * stride_);
    }

private:
    [[gnu::cold]] bool refresh(std::uint32_t n) noexcept;
    void rewind(std::uint32_t taken) noexcept;

    abi::sqe* sqes_ = nullptr;
    std::uint32_t tail_ = 0;  // ours: next entry to reserve
    std::uint32_t limit_ = 0; // the kernel's head as last seen, plus the entries
    std::uint32_t entries_ = 0;
    std::uint32_t mask_ = 0;
    std::size_t stride_ = sizeof(abi::sqe);
    std::uint32_t taken_ = 0; // by the kernel in all, when the queue rewinds
    bool rewinds_ = false;
    std::uint32_t* khead_ = nullptr;
    std::uint32_t* ktail_ = nullptr;
    std::uint32_t* kflags_ = nullptr;
    std::uint32_t* kdropped_ = nullptr;
};

} // namespace rondo
