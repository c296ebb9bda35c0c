// SPDX-License-Identifier: MIT
#pragma once

// Chains: operations that the kernel runs one after the other. op::link(a, b, c) starts b when a
// has succeeded and cancels the rest when it has not. A chain is queued whole or not at all. Value
// type.

#include <rondo/abi/flags.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/operation.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rondo::op {

/// Operations in order. Elements are values, or references for those given as lvalues: pinned ones
/// must be, and all such must live until the chain is submitted.
template <class... Ops>
class chain {
public:
    static constexpr std::size_t size = sizeof...(Ops);
    /// Whether the i-th operation's success posts no CQE.
    static constexpr bool skips_completions =
        (has(flags_of<std::remove_cvref_t<Ops>>, abi::sqe_flag::cqe_skip_success) || ...);

    template <class... Args>
    explicit constexpr chain(abi::sqe_flag kind, Args&&... ops) noexcept
        : ops_(std::forward<Args>(ops)...), kind_(kind) {}

    /// Calls visit(index, operation, extra SQE flags) in order.
    template <class Visit>
    constexpr void each(Visit&& visit) const {
        std::apply(
            [&](auto const&... o) {
                std::size_t i = 0;
                ((visit(i, o, i + 1 < size ? link_after(o) : abi::sqe_flag{}), ++i), ...);
            },
            ops_);
    }

    template <std::size_t I>
    [[nodiscard]] constexpr auto const& get() const noexcept {
        return std::get<I>(ops_);
    }

private:
    template <class Op>
    constexpr abi::sqe_flag link_after(Op const&) const noexcept {
        return has(flags_of<Op>, abi::sqe_flag::io_hardlink) ? abi::sqe_flag{} : kind_;
    }

    std::tuple<Ops...> ops_;
    abi::sqe_flag kind_;
};

/// A pinned operation is kept by reference, any other by value.
template <class T>
using chain_element = std::conditional_t<is_pinned<std::remove_cvref_t<T>>,
                                         std::remove_reference_t<T> const&, std::remove_cvref_t<T>>;

template <class... Ops>
constexpr bool chain_is_sound() noexcept {
    constexpr std::size_t n = sizeof...(Ops);
    bool const chain_only[] = {is_chain_only<Ops>...};
    bool const stream[] = {is_stream<Ops>...};
    bool const hard[] = {has(flags_of<Ops>, abi::sqe_flag::io_hardlink)...};
    bool sound = !chain_only[0] && !hard[n - 1];
    for (std::size_t i = 0; i + 1 < n; ++i)
        sound = sound && !stream[i] && !(chain_only[i] && chain_only[i + 1]);
    return sound;
}

/// Each starts when the one before has succeeded in full; a short read or write breaks the chain
/// too. What is not reached completes with ECANCELED. IOSQE_IO_LINK, Linux 5.3
template <class... Args>
    requires(sizeof...(Args) >= 2 && (pushable<Args &&> && ...))
[[nodiscard]] constexpr auto link(Args&&... ops) noexcept {
    static_assert(chain_is_sound<std::remove_cvref_t<Args>...>(),
                  "a chain starts with an ordinary operation, has streams at its end only, and "
                  "nothing hard-linked after its last");
    return chain<chain_element<Args>...>(abi::sqe_flag::io_link, std::forward<Args>(ops)...);
}

/// Each starts when the one before has completed, however it ended. IOSQE_IO_HARDLINK, Linux 5.5
template <class... Args>
    requires(sizeof...(Args) >= 2 && (pushable<Args &&> && ...))
[[nodiscard]] constexpr auto hard_link(Args&&... ops) noexcept {
    static_assert(chain_is_sound<std::remove_cvref_t<Args>...>(),
                  "a chain starts with an ordinary operation, has streams at its end only, and "
                  "nothing hard-linked after its last");
    return chain<chain_element<Args>...>(abi::sqe_flag::io_hardlink, std::forward<Args>(ops)...);
}

} // namespace rondo::op
