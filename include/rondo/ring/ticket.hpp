// SPDX-License-Identifier: MIT
#pragma once

// ticket: the name of an operation that was submitted to a shared_ring, for wait(), poll() and
// cancel() by any thread. A value; waiting for it ends it, and its copies are refused from then on,
// as long as their ring lives.

#include <rondo/op/operation.hpp>
#include <rondo/ring/flight.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace rondo {

/// Which slot, and which of the operations that have been in it.
struct ticket_name {
    flight_slot* slot = nullptr;
    std::uint64_t generation = 0;
};

/// See the top of this file. A default-constructed ticket names nothing.
template <op::operation Op>
class [[nodiscard("only a ticket can be waited for; without it the result is lost")]] ticket {
public:
    using operation = Op;

    constexpr ticket() noexcept = default;
    explicit constexpr ticket(ticket_name name) noexcept : name_(name) {}
    [[nodiscard]] constexpr ticket_name name() const noexcept { return name_; }

private:
    ticket_name name_{};
};

/// The tickets of a chain, in its order.
template <op::operation... Ops>
class [[nodiscard(
    "only a ticket can be waited for; without it the results are lost")]] chain_ticket {
public:
    static constexpr std::size_t size = sizeof...(Ops);

    explicit constexpr chain_ticket(ticket_name const (&names)[size]) noexcept {
        for (std::size_t i = 0; i < size; ++i)
            names_[i] = names[i];
    }
    /// The I-th operation's own ticket.
    template <std::size_t I>
    [[nodiscard]] constexpr auto get() const noexcept {
        return ticket<std::tuple_element_t<I, std::tuple<Ops...>>>(names_[I]);
    }
    [[nodiscard]] constexpr ticket_name const (&names() const noexcept)[size] { return names_; }

private:
    ticket_name names_[size]{};
};

} // namespace rondo
