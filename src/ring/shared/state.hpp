// SPDX-License-Identifier: MIT
#pragma once

// What a shared_ring is made of: its shards, and which of them belongs to which CPU. Any thread.

#include "shard.hpp"

#include <rondo/core/mapping.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <sched.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#include <vector>

namespace rondo {

/// The CPU that the calling thread is on, as the kernel keeps it up to date in memory. rseq(2)
[[nodiscard, gnu::always_inline]] inline std::uint32_t this_cpu() noexcept {
#if __has_include(<sys/rseq.h>)
    if (__rseq_size != 0) [[likely]] {
        auto const* const area = reinterpret_cast<struct ::rseq const*>(
            static_cast<char const*>(__builtin_thread_pointer()) + __rseq_offset);
        std::uint32_t const cpu = load_relaxed(&area->cpu_id);
        if (static_cast<std::int32_t>(cpu) >= 0) [[likely]]
            return cpu;
    }
#endif
    return static_cast<std::uint32_t>(::sched_getcpu());
}

struct shared_state {
    /// The shard of the CPU that the calling thread is on, made if need be. When it cannot be made
    /// it is the first one.
    [[nodiscard]] shard& here() noexcept {
        std::uint32_t index = 0;
        if (place_count > 1) {
            std::uint32_t const cpu = this_cpu();
            index = cpu < cpu_count ? place_of_cpu[cpu] : cpu % place_count;
        }
        shard* const there = __atomic_load_n(&places[index], __ATOMIC_ACQUIRE);
        return there != nullptr ? *there : make_here(index);
    }
    [[nodiscard, gnu::cold]] shard& make_here(std::uint32_t index) noexcept;
    [[nodiscard]] shard* at(std::uint32_t index) const noexcept {
        // Partner: make()'s release.
        return index < place_count ? __atomic_load_n(&places[index], __ATOMIC_ACQUIRE) : nullptr;
    }
    /// Makes the shard of a place.
    result<shard*> make(std::uint32_t index) noexcept;
    /// Calls visit(shard&) for each that exists, once.
    template <class Visit>
    void each(Visit&& visit) {
        std::lock_guard const guard(making);
        for (auto const& one : owned)
            visit(*one);
    }
    /// 1, and 0 in a child of fork.
    [[nodiscard]] std::uint32_t* alive() const noexcept {
        return reinterpret_cast<std::uint32_t*>(alive_page.data());
    }
    [[nodiscard]] bool is_child() const noexcept { return load_relaxed(alive()) == 0; }

    shared_ring_options options;
    mapping alive_page; ///< a word that is 1, and 0 in a child of fork
    std::uint32_t place_count = 0;
    std::uint32_t cpu_count = 0;
    std::unique_ptr<std::uint16_t[]> place_of_cpu;
    std::unique_ptr<shard*[]> places; ///< null until made; several may be one shard
    std::mutex making;                ///< guards owned, and what fills places
    std::vector<std::unique_ptr<shard>> owned;
    bool stopped = false; ///< written under `making`
};

} // namespace rondo
