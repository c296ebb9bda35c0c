// SPDX-License-Identifier: MIT
#pragma once

// How an operation is kept in a flight's slot: a copy of it, at an address that stays, and its SQE,
// which may point into that copy. Any thread, one at a time per slot.

#include <rondo/core/annotate.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/ring/flight.hpp>

#include <new>

namespace rondo {

/// Operations that a shared ring can take: each is over once, and none meddles with others.
/// Cancels go by shared_ring::cancel, which sees to it that they stay cancelled.
template <class Op>
concept shareable =
    op::operation<Op> && !op::is_stream<Op> && !op::is_wide<Op> && !op::wants_cqe32<Op> &&
    !has(op::flags_of<Op>, abi::sqe_flag::cqe_skip_success) &&
    !has(op::flags_of<Op>, abi::sqe_flag::io_drain);

/// Those that stand alone.
template <class Op>
concept shareable_alone =
    shareable<Op> && !op::is_chain_only<Op> && !has(op::flags_of<Op>, abi::sqe_flag::io_hardlink);

template <op::operation Op>
void discard_value(void const* operation, abi::cqe const& c) noexcept {
    static_cast<void>(op::value_of(*static_cast<Op const*>(operation), c));
}

/// Under ASan: from here to the final completion nobody touches what the kernel writes.
template <op::operation Op>
void lend_memory([[maybe_unused]] void const* operation, [[maybe_unused]] bool to_kernel) noexcept {
#if defined(RONDO_ASAN)
    if constexpr (requires(Op const& o) { o.memory([](void const*, std::size_t, op::access) {}); })
        static_cast<Op const*>(operation)->memory(
            [to_kernel](void const* p, std::size_t bytes, op::access how) {
                if (how == op::access::writes)
                    to_kernel ? annotate::lend(p, bytes) : annotate::take_back(p, bytes);
            });
#endif
}

template <op::operation Op>
inline constexpr flight_functions functions_of{&discard_value<Op>,
#if defined(RONDO_ASAN)
                                               &lend_memory<Op>,
#else
                                               nullptr,
#endif
                                               op::is_restartable<Op>};

/// Whether an operation is looked at again after its SQE was made of it.
template <op::operation Op>
inline constexpr bool is_kept = [] {
#if defined(RONDO_ASAN)
    return true; // lend_memory() does
#else
    return op::is_pinned<Op> || requires(Op const& o, abi::cqe const& c) { Op::value(o, c); };
#endif
}();

/// Makes `slot` ready to be submitted with `o`, alone or as a part of a chain.
template <op::operation Op>
void put_operation(flight_slot& slot, Op const& o, bool chained, abi::sqe_flag link) noexcept {
    static_assert(Op::code != abi::opcode::async_cancel, "use shared_ring::cancel");
    static_assert(shareable<Op>, "a shared ring takes operations that complete once, without "
                                 "drain and skip_success; streams go by push()");
    static_assert(sizeof(Op) <= flight_slot::operation_bytes && alignof(Op) <= 8);
    if constexpr (is_kept<Op>)
        op::fill(slot.entry, *::new (static_cast<void*>(slot.operation)) Op(o), slot.user_data());
    else
        op::fill(slot.entry, o, slot.user_data());
    if (chained) {
        slot.entry.flags = static_cast<std::uint8_t>(slot.entry.flags | raw(link));
        slot.chained = true;
    }
    slot.functions = &functions_of<Op>;
}

/// Only to be looked at if it is_kept.
template <op::operation Op>
[[nodiscard]] Op const& operation_in(flight_slot const& slot) noexcept {
    auto const* const place = reinterpret_cast<Op const*>(slot.operation);
    if constexpr (is_kept<Op>)
        return *std::launder(place);
    else
        return *place;
}

} // namespace rondo
