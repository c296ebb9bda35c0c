// SPDX-License-Identifier: MIT
#pragma once

// flight: an operation of a shared_ring from its submission to its final completion, wherever it is
// kept: on the stack of a thread in run(), or in a slot that a ticket names. Its address is the
// operation's user_data. Any thread may ask is_over(); all else belongs to the lock of its shard.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/word.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo {

/// See the top of this file. It neither moves nor ends before it is over.
struct flight {
    /// What the word says, which is what its waiter sleeps on. Steps of tests/model/shard.pml.
    enum state : std::uint32_t {
        idle,   ///< in flight, nobody sleeps for it
        slept,  ///< its waiter sleeps, or is about to
        called, ///< its waiter was woken, to reap for the others or to look at its deadline again
        over,   ///< its final completion is in; its waiter may be gone
    };

    std::uint32_t word = idle;
    bool cancelled = false;    ///< somebody asked for its end: then -ECANCELED is an answer
    bool listed = false;       ///< among the sleepers of its shard
    bool streams = false;      ///< no operation: waits for completions that have no flight
    bool chained = false;      ///< part of a chain: not to be run again by itself
    std::uint32_t cancels = 0; ///< of its shard when it was submitted
    std::uint16_t runs = 0;    ///< of a slot: times that it was submitted since it was taken
    std::uint16_t lap = 0;     ///< of a slot: operations so far, and their later runs
    abi::cqe completion{};
    flight* previous = nullptr; ///< among the sleepers
    flight* next = nullptr;     ///< the same; of slots also the next free or reserved one

    [[nodiscard]] bool is_over() const noexcept {
        // Partner: the release in shard::finish, after it wrote the completion.
        return load_acquire(&word) == over;
    }

    /// Tells completions of flights from those with user_data of the caller's own.
    static constexpr std::uint64_t tag = std::uint64_t{1} << 63;

    /// Its low bits, free in an address, tell a late notification from its successor's.
    static constexpr std::uint64_t lap_bits = 7;

    [[nodiscard]] std::uint64_t user_data() const noexcept {
        return tag | reinterpret_cast<std::uintptr_t>(this) | (lap & lap_bits);
    }
    /// The flight of a tagged user_data; null where nobody waits for the completion.
    [[nodiscard]] static flight* of(std::uint64_t user_data) noexcept {
        return reinterpret_cast<flight*>(
            static_cast<std::uintptr_t>(user_data & ~(tag | lap_bits)));
    }
};
static_assert(alignof(flight) > flight::lap_bits);

class shard;

/// What a ticket's slot must know of the operation in it.
struct flight_functions {
    /// Turns a completion that nobody waited for into its value and drops it, which closes or
    /// gives back what came with it.
    void (*discard)(void const* operation, abi::cqe const& c) noexcept;
    /// Under ASan, else null: the kernel gets, or gives back, the memory that it writes.
    void (*lend)(void const* operation, bool to_kernel) noexcept;
    /// -EINTR means that it may simply be run again.
    bool restartable;
};

/// A flight of its own memory, named by a ticket. Slots are never freed while their ring lives.
struct alignas(64) flight_slot : flight {
    static constexpr std::size_t operation_bytes = 104;
    /// In `generation` while a thread waits for the operation.
    static constexpr std::uint64_t claimed = std::uint64_t{1} << 63;
    /// In `generation` while the slot is not free, and so in every ticket.
    static constexpr std::uint64_t taken = std::uint64_t{1} << 62;

    std::uint64_t generation = 0; ///< of the ticket that is good for it
    flight_functions const* functions = nullptr;
    alignas(64) abi::sqe entry{}; ///< its cache line and the one above are all that is touched
    shard* owner = nullptr;
    alignas(8) std::byte operation[operation_bytes]; ///< if it is_kept

    /// Ends the tickets for it, of which `named` is the generation, and gives it back to whoever
    /// takes it next under the shard's lock. Step "return slot".
    void give_back(std::uint64_t named) noexcept {
        // Partner: the acquires of whoever claims a ticket, and of shard::take_slots.
        store_release(&generation, (named + 1) & ~(claimed | taken));
    }
    [[nodiscard]] bool is_taken() const noexcept {
        // Partner: give_back's release: a free slot is seen as its last user left it.
        return (load_acquire(&generation) & taken) != 0;
    }
    void lend(bool to_kernel) const noexcept {
        if (functions->lend != nullptr)
            functions->lend(operation, to_kernel);
    }
};

} // namespace rondo
