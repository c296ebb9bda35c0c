// SPDX-License-Identifier: MIT
#pragma once

// Modifiers wrap an operation and set one SQE flag more: op::async(op::read{...}). They compose;
// combinations that the kernel answers with silence or nonsense do not compile. Value types.

#include <rondo/abi/flags.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/op/operation.hpp>

#include <cstdint>
#include <utility>

namespace rondo::op {

template <operation Op, abi::sqe_flag Flags>
struct modified;

template <class Op>
struct unwrapped {
    using type = Op;
};
template <class Op, abi::sqe_flag Flags>
struct unwrapped<modified<Op, Flags>> {
    using type = Op;
};

/// `Op` with SQE flags on top. Its marks and its value are those of `Op`.
template <operation Op, abi::sqe_flag Flags>
struct modified {
    using value_type = typename Op::value_type;
    static constexpr abi::opcode code = Op::code;
    static constexpr about facts = Op::facts;
    static constexpr abi::sqe_flag sqe_flags = Flags;
    static constexpr bool pinned = is_pinned<Op>;
    static constexpr bool stream = is_stream<Op>;
    static constexpr bool zero_copy = is_zero_copy<Op>;
    static constexpr bool chain_only = is_chain_only<Op>;
    static constexpr bool restartable = is_restartable<Op>;
    static constexpr bool wide = is_wide<Op>;
    static constexpr bool cqe32 = wants_cqe32<Op>;

    static_assert(!(has(Flags, abi::sqe_flag::io_drain) &&
                    has(Flags, abi::sqe_flag::cqe_skip_success)),
                  "drain and skip_success exclude each other: one skipped completion makes every "
                  "later drain of the ring fail");
    static_assert(!(has(Flags, abi::sqe_flag::cqe_skip_success) && (stream || zero_copy)),
                  "skip_success needs an operation that completes once");

    Op inner;
    std::uint16_t personality = 0; ///< of a registered one; 0: the submitter's own

    void prep(abi::sqe& s) const noexcept
        requires(!is_wide<Op>)
    {
        inner.prep(s);
        mark(s);
    }
    void prep(abi::sqe128& s) const noexcept
        requires is_wide<Op>
    {
        inner.prep(s);
        mark(s.head);
    }
    static result<value_type> value(modified const& o, abi::cqe const& c) noexcept {
        return value_of(o.inner, c);
    }
    static result<value_type> value(modified const& o, abi::cqe32 const& c) noexcept {
        return value_of(o.inner, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const
        requires requires { inner.memory(visit); }
    {
        inner.memory(visit);
    }

private:
    void mark(abi::sqe& s) const noexcept {
        s.flags = static_cast<std::uint8_t>(s.flags | raw(Flags));
        if (personality != 0)
            s.personality = personality;
    }
};

template <abi::sqe_flag More, operation Op>
[[nodiscard]] constexpr auto with_flags(Op const& o) noexcept {
    return modified<Op, More>{o};
}
template <abi::sqe_flag More, class Op, abi::sqe_flag Flags>
[[nodiscard]] constexpr auto with_flags(modified<Op, Flags> const& o) noexcept {
    return modified<Op, More | Flags>{o.inner, o.personality};
}

/// IOSQE_ASYNC: hand to a worker thread at once, without the attempt to do it inline. Linux 5.6
template <operation Op>
[[nodiscard]] constexpr auto async(Op const& o) noexcept {
    return with_flags<abi::sqe_flag::async>(o);
}

/// IOSQE_IO_DRAIN: start when everything submitted before is complete; what is submitted after it
/// waits too, cancels included. Linux 5.2
template <operation Op>
[[nodiscard]] constexpr auto drain(Op const& o) noexcept {
    return with_flags<abi::sqe_flag::io_drain>(o);
}

/// IOSQE_CQE_SKIP_SUCCESS: no CQE unless it fails. When a chain's head fails so, the rest of the
/// chain posts nothing either. Raw ring only. Linux 5.17
template <operation Op>
[[nodiscard]] constexpr auto skip_success(Op const& o) noexcept {
    return with_flags<abi::sqe_flag::cqe_skip_success>(o);
}

/// Inside op::link: what follows runs even when this operation fails (IOSQE_IO_HARDLINK). Linux 5.5
template <operation Op>
[[nodiscard]] constexpr auto hard(Op const& o) noexcept {
    return with_flags<abi::sqe_flag::io_hardlink>(o);
}

/// With the credentials of a personality registered with the ring. Linux 5.6
template <operation Op>
[[nodiscard]] constexpr auto as(std::uint16_t personality, Op const& o) noexcept {
    auto out = with_flags<abi::sqe_flag{}>(o);
    out.personality = personality;
    return out;
}

} // namespace rondo::op
