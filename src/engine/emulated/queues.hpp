// SPDX-License-Identifier: MIT
#pragma once

// The two queues in memory shared with the ring's user, as the kernel lays them out: words, CQEs,
// the optional index array, and the SQEs apart. Under the ring's lock, but for the flags.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/word.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::engine::emulation {

/// Where map() finds a ring's region: the engine's own choice, told by region_desc::mmap_offset.
inline constexpr std::uint64_t region_offset = 0x20000000;

/// See the top of this file. Move-only.
class queues {
public:
    queues() noexcept = default;
    /// For sizes that `p` grants already; fills in the offsets of `p`. The memory is the caller's
    /// with setup::no_mmap, else the engine's own. Indices begin with `first`, a kernel's with 0.
    static result<queues> create(abi::params& p, std::uint32_t first = 0) noexcept;

    /// A second mapping of the engine's memory; EINVAL for what is not there.
    result<mapping> map(std::uint64_t offset, std::size_t bytes) const noexcept;

    [[nodiscard]] std::uint32_t submissions() const noexcept {
        return load_acquire(word(sq_tail_)) - sq_head_;
    }
    /// Copies the oldest submission, of 64 or 128 bytes, and moves past it. False: it was an index
    /// outside the queue, which is dropped and counted.
    bool take(abi::sqe128& out) noexcept;
    /// Shows the submitter how far submissions were taken: its partner is the acquire load of head.
    void release_submissions() noexcept { store_release(word(sq_head_word_), sq_head_); }

    /// Completions that were not reaped yet.
    [[nodiscard]] std::uint32_t completions() const noexcept {
        return cq_tail_ - load_acquire(word(cq_head_word_));
    }
    [[nodiscard]] std::uint32_t cq_entries() const noexcept { return cq_entries_; }
    /// All completions that were ever posted, modulo 2^32.
    [[nodiscard]] std::uint32_t posted() const noexcept { return cq_tail_; }
    /// False when the queue is full.
    bool post(abi::cqe32 const& c) noexcept;

    /// sq_ring_flag bits, for the submitter. Any thread.
    void set_flags(abi::sq_ring_flag flags) noexcept {
        __atomic_fetch_or(word(flags_word_), raw(flags), __ATOMIC_SEQ_CST);
    }
    void clear_flags(abi::sq_ring_flag flags) noexcept {
        __atomic_fetch_and(word(flags_word_), ~raw(flags), __ATOMIC_SEQ_CST);
    }
    [[nodiscard]] bool wants_events() const noexcept {
        return (load_acquire(word(cq_flags_word_)) & raw(abi::cq_ring_flag::eventfd_disabled)) == 0;
    }
    void count_overflow() noexcept {
        store_release(word(overflow_word_), load_relaxed(word(overflow_word_)) + 1);
    }
    /// Takes over what is in `old`, before anybody uses these: EOVERFLOW when it does not fit.
    std::int32_t adopt(queues& old) noexcept;

private:
    [[nodiscard]] std::uint32_t* word(std::uint32_t offset) const noexcept {
        return reinterpret_cast<std::uint32_t*>(rings_ + offset);
    }
    void lay_out(abi::params& p, std::uint32_t first) noexcept;

    mapping own_rings_;
    mapping own_sqes_;
    std::byte* rings_ = nullptr;
    std::byte* sqes_ = nullptr;
    std::uint32_t sq_head_ = 0;
    std::uint32_t cq_tail_ = 0;
    std::uint32_t sq_entries_ = 0;
    std::uint32_t cq_entries_ = 0;
    std::uint32_t sqe_bytes_ = 64;
    std::uint32_t cqe_bytes_ = 16;
    std::uint32_t array_ = 0; // 0: none
    static constexpr std::uint32_t sq_head_word_ = 0;
    static constexpr std::uint32_t sq_tail_ = 64;
    static constexpr std::uint32_t cq_head_word_ = 128;
    static constexpr std::uint32_t cq_tail_word_ = 192;
    static constexpr std::uint32_t constants_ = 256; // masks and sizes
    static constexpr std::uint32_t flags_word_ = 272;
    static constexpr std::uint32_t dropped_word_ = 276;
    static constexpr std::uint32_t overflow_word_ = 280;
    static constexpr std::uint32_t cq_flags_word_ = 284;
    static constexpr std::uint32_t cqes_ = 320;
};

} // namespace rondo::engine::emulation
