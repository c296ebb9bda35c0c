// SPDX-License-Identifier: MIT
#pragma once

// The completion queue: copies CQEs out and gives their entries back to the kernel. One thread at a
// time.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/core/annotate.hpp>
#include <rondo/core/word.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo {

/// The consumer's side of the mapped ring. A default-constructed queue is empty for ever.
class completion_queue {
public:
    constexpr completion_queue() noexcept = default;

    /// A view of the queue in memory mapped as `p` says.
    completion_queue(void* rings, abi::params const& p) noexcept;

    /// Takes the oldest completion, or null when there is none. What it points to stays until the
    /// next release(), which an enter of the ring and a look for more do too.
    [[gnu::always_inline]] [[nodiscard]] abi::cqe const* take() noexcept {
        std::uint32_t const head = head_;
        if (head == tail_seen_ && !refill()) [[unlikely]]
            return nullptr;
        abi::cqe const* const entry = at(head);
        if ((entry->flags & unusual) != 0) [[unlikely]]
            return take_unusual();
        head_ = head + 1;
        return entry;
    }

    /// Takes note of what the kernel has posted, which take() otherwise does when it runs out.
    [[gnu::always_inline]] void look() noexcept {
        // Partner: the kernel's release of the tail after it wrote the entries.
        tail_seen_ = load_acquire(ktail_);
        annotate::reaping(); // what another thread's message points to was submitted by it
    }

    /// Copies the oldest completion out. False when there is none.
    [[gnu::always_inline]] bool pop(abi::cqe& out) noexcept {
        abi::cqe const* const entry = take();
        if (entry == nullptr) [[unlikely]]
            return false;
        out = *entry;
        return true;
    }

    /// Gives the kernel back the entries of what was taken. The ring does so before it enters the
    /// kernel and when it finds nothing more, take() when it has to look for more; in between it
    /// would be a store per completion.
    [[gnu::always_inline]] void release() noexcept {
        // Partner: the kernel's acquire of the head before it reuses the entries.
        store_release(khead_, head_);
    }

    /// release(), but for the entry taken last: the kernel goes on seeing a completion there.
    void release_but_one() noexcept { store_release(khead_, head_ - 1); }

    /// pop() with the 16 bytes more of a cqe32; zeros when the completion has none.
    bool pop(abi::cqe32& out) noexcept;

    /// Copies up to out.size() completions and frees their entries with one store. Those of mixed
    /// rings lose what they have beyond 16 bytes.
    std::size_t copy(std::span<abi::cqe> out) noexcept;

    /// Copies the oldest out.size() completions, which must be there, and frees their entries with
    /// one store. Returns the bits that are set in any of them, so that a look at those says what
    /// none of them is. Who finds F_MORE there says how many have it. Not on mixed rings.
    abi::cqe copy_ready(std::span<abi::cqe> out) noexcept;
    void were_not_final(std::uint32_t n) noexcept { not_final_ += n; }

    /// Completions that can be popped without a system call; an upper bound on mixed rings.
    [[nodiscard]] std::uint32_t ready() const noexcept { return load_acquire(ktail_) - head_; }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return entries_; }

    /// Until unhold(), nothing is found here: older completions wait elsewhere. `frozen` stands in
    /// for the kernel's tail meanwhile, so that taking costs nothing more.
    void hold(std::uint32_t& frozen) noexcept {
        frozen = head_;
        ktail_ = &frozen;
        tail_seen_ = head_;
    }
    void unhold() noexcept { ktail_ = kernel_tail_; }

    /// Final completions taken so far (those without F_MORE), modulo 2^32.
    [[nodiscard]] std::uint32_t finals() const noexcept { return head_ - not_final_; }

    /// Goes on counting where `before` stopped: after a resize.
    void continue_from(completion_queue const& before) noexcept {
        not_final_ = head_ - before.finals();
    }

    [[nodiscard]] std::uint32_t head() const noexcept { return head_; }
    [[nodiscard]] std::uint32_t tail() const noexcept {
        if (kernel_tail_ == nullptr)
            return 0;
        std::uint32_t const seen = load_acquire(kernel_tail_);
        annotate::reaping();
        return seen;
    }
    /// Completions that did not fit and that the kernel (before 5.5) dropped, or (since) holds.
    [[nodiscard]] std::uint32_t overflow() const noexcept {
        return koverflow_ == nullptr ? 0 : load_relaxed(koverflow_);
    }
    /// The word that silences a registered eventfd: abi::cq_ring_flag. Linux 5.8
    [[nodiscard]] std::uint32_t* flags_word() const noexcept { return kflags_; }

    /// The entry at a running index, whatever its state.
    [[gnu::always_inline]] [[nodiscard]] abi::cqe const* at(std::uint32_t index) const noexcept {
        return reinterpret_cast<abi::cqe const*>(reinterpret_cast<char const*>(cqes_) +
                                                 (index & mask_) * stride_);
    }
    /// Frees `n` entries that were read through at(), for loops of the caller's own.
    void advance(std::uint32_t n) noexcept;

private:
    static constexpr std::uint32_t unusual = static_cast<std::uint32_t>(abi::cqe_flag::more) |
                                             static_cast<std::uint32_t>(abi::cqe_flag::skip) |
                                             static_cast<std::uint32_t>(abi::cqe_flag::cqe32);

    [[gnu::always_inline]] bool refill() noexcept {
        look();
        if (head_ == tail_seen_)
            return false;
        release();
        return true;
    }
    [[gnu::cold]] abi::cqe const* take_unusual() noexcept;
    std::uint32_t count(abi::cqe const& entry) noexcept;

    static constexpr std::uint32_t nothing = 0;

    abi::cqe* cqes_ = nullptr;
    std::uint32_t head_ = 0;      // ours: next entry to pop
    std::uint32_t tail_seen_ = 0; // the kernel's tail as last seen
    std::uint32_t mask_ = 0;
    std::size_t stride_ = sizeof(abi::cqe);
    std::uint32_t entries_ = 0;
    std::uint32_t not_final_ = 0; // entries taken that ended no operation
    bool mixed_ = false;
    std::uint32_t* khead_ = nullptr;
    std::uint32_t const* ktail_ = &nothing; // where refill() looks: see hold()
    std::uint32_t const* kernel_tail_ = nullptr;
    std::uint32_t* koverflow_ = nullptr;
    std::uint32_t* kflags_ = nullptr;
};

} // namespace rondo
