// SPDX-License-Identifier: MIT
#pragma once

// reservation: room for operations that a thread fills in at its leisure and submits at once, with
// one system call. It holds slots and nothing else: as long as it is not committed, no other thread
// waits for it, and one that is given up leaves nothing behind. One thread.
//
//     auto batch = shared.reserve(2).or_throw("reserve");
//     auto first = batch.add(op::read{.fd = f, .into = a, .at = 0});
//     auto second = batch.add(op::read{.fd = f, .into = b, .at = 4096});
//     batch.commit().or_throw("commit");

#include <rondo/core/assert.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/flight.hpp>
#include <rondo/ring/flight_operation.hpp>
#include <rondo/ring/shared_enter.hpp>
#include <rondo/ring/ticket.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

/// See the top of this file. Move-only.
class reservation {
public:
    reservation(reservation&& other) noexcept
        : shard_(std::exchange(other.shard_, nullptr)), size_(other.size_), added_(other.added_),
          first_(std::exchange(other.first_, nullptr)), next_(std::exchange(other.next_, nullptr)) {
    }
    reservation& operator=(reservation&& other) noexcept;
    ~reservation() { give_up(); }

    /// Puts the next operation in and names it. The operation is copied; what it points to must
    /// live until its final completion. Aborts when the reservation is full or committed. To wait
    /// for the ticket before commit() aborts, too.
    template <op::operation Op>
    ticket<Op> add(Op const& o) noexcept {
        static_assert(!op::is_chain_only<Op>, "only has a meaning inside op::link(...)");
        static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_hardlink),
                      "op::hard only has a meaning inside op::link(...)");
        flight_slot& slot = next_slot();
        put_operation(slot, o, false, {});
        return ticket<Op>({&slot, load_relaxed(&slot.generation)});
    }
    /// add() for a part of a chain, with the flag that links it to the next.
    template <op::operation Op>
    ticket_name add_linked(Op const& o, abi::sqe_flag link) noexcept {
        flight_slot& slot = next_slot();
        put_operation(slot, o, true, link);
        return {&slot, load_relaxed(&slot.generation)};
    }

    /// Submits what was added, in order; the rest is given up. The errors of shared_ring::submit;
    /// after one, what was added is given up and its tickets are refused.
    [[gnu::always_inline]] result<> commit() noexcept {
        shard_enter const call = begin_commit();
        if (call.where == nullptr) [[unlikely]]
            return commit_slowly();
        end_commit(call, call.make());
        return {};
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint32_t added() const noexcept { return added_; }

private:
    friend class shared_ring;
    reservation(shard& owner, flight_slot* first, std::uint32_t size) noexcept
        : shard_(&owner), size_(size), first_(first), next_(first) {}
    flight_slot& next_slot() noexcept {
        if (next_ == nullptr) [[unlikely]]
            refuse_to_add();
        flight_slot& slot = *next_;
        next_ = static_cast<flight_slot*>(slot.next);
        ++added_;
        return slot;
    }
    /// commit(), but for the system call: see shard_enter.
    shard_enter begin_commit() noexcept;
    void end_commit(shard_enter const& made, long answer) noexcept;
    result<> commit_slowly() noexcept;
    [[noreturn, gnu::cold]] void refuse_to_add() const noexcept;
    void give_up() noexcept;
    void lend_added(bool to_kernel) const noexcept;

    shard* shard_;
    std::uint32_t size_;
    std::uint32_t added_ = 0;
    flight_slot* first_;
    flight_slot* next_; ///< null: no more can be added
};

} // namespace rondo
