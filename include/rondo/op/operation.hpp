// SPDX-License-Identifier: MIT
#pragma once

// What an operation is: a trivially copyable description with one prep(sqe&). It does not know who
// runs it; the raw ring, blocking calls and coroutines all use the same one. Value types.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

/// What the kernel does with a piece of the caller's memory.
enum class access : std::uint8_t {
    reads_until_submitted, ///< copied when the SQE is taken; free to change after submit
    reads,                 ///< read until the final CQE
    writes,                ///< written until the final CQE
};

/// The facts about an operation that the generated reference and the tools print.
struct about {
    char const* name;  ///< in rondo::op
    char const* man;   ///< the page that explains it, "read(2)"
    char const* since; ///< the first Linux that has it, in this form: "6.7"
    char const* value; ///< what success means: "bytes read"
};

/// A list of operation types; op::all is one.
template <class... Ops>
struct operations {};

template <class Op>
concept plain_operation = requires(Op const& o, abi::sqe& s) {
    { o.prep(s) } noexcept;
};
/// Needs 128-byte SQEs: prep() takes the whole of one.
template <class Op>
concept wide_operation = requires(Op const& o, abi::sqe128& s) {
    { o.prep(s) } noexcept;
    requires Op::wide;
};

/// A description of one operation. `value_type` is what success means, `code` the opcode, `facts`
/// what its documentation says.
/// Optional: `value(op, cqe)` where the value is more than `res`; `memory(visit)`, which calls
/// visit(pointer, bytes, access) for what the kernel touches; and the marks tested below.
template <class Op>
concept operation = std::is_trivially_copyable_v<Op> && requires {
    typename Op::value_type;
    { Op::code } -> std::convertible_to<abi::opcode>;
    { Op::facts } -> std::convertible_to<about>;
} && (plain_operation<Op> || wide_operation<Op>);

/// The SQE points into the operation itself: it must stay where it is until it is submitted.
template <class Op>
inline constexpr bool is_pinned = requires { requires Op::pinned; };
/// Completes many times; over at the CQE without F_MORE.
template <class Op>
inline constexpr bool is_stream = requires { requires Op::stream; };
/// Posts a second CQE when the kernel lets go of the buffer.
template <class Op>
inline constexpr bool is_zero_copy = requires { requires Op::zero_copy; };
/// Only has a meaning right behind another operation of a chain.
template <class Op>
inline constexpr bool is_chain_only = requires { requires Op::chain_only; };
/// -EINTR in its CQE means that it may simply be run again.
template <class Op>
inline constexpr bool is_restartable = requires { requires Op::restartable; };
/// ERESTARTSYS, and with ERESTART_RESTARTBLOCK the last of its like: codes by which the kernel
/// tells itself, and a ring too, that a call was interrupted. ENOIOCTLCMD, among them, is none.
inline constexpr std::int32_t first_restart = -512;
[[nodiscard]] constexpr bool is_interruption(std::int32_t res) noexcept {
    constexpr std::int32_t last_restart = -516;
    constexpr std::int32_t no_ioctl = -515;
    return res <= first_restart && res >= last_restart && res != no_ioctl;
}
/// Needs 128-byte SQEs.
template <class Op>
inline constexpr bool is_wide = requires { requires Op::wide; };
/// Needs 32-byte CQEs.
template <class Op>
inline constexpr bool wants_cqe32 = requires { requires Op::cqe32; };
/// The SQE flags that modifiers have put on an operation.
template <class Op>
inline constexpr auto flags_of = [] {
    if constexpr (requires { Op::sqe_flags; })
        return Op::sqe_flags;
    else
        return abi::sqe_flag{};
}();

/// May be queued by value: not pinned, or an lvalue. For forwarding references.
template <class T>
concept pushable = operation<std::remove_cvref_t<T>> &&
                   (std::is_lvalue_reference_v<T> || !is_pinned<std::remove_cvref_t<T>>);

/// What error::attempted() says of an operation's failure.
template <class Op>
inline constexpr attempt attempt_of =
    static_cast<attempt>(static_cast<std::uint16_t>(static_cast<abi::opcode>(Op::code)));

/// The failure that a negative `res` stands for: the kernel's own codes for an interrupted call are
/// EINTR, as they are where a system call returns.
template <class Op>
[[nodiscard]] inline std::unexpected<error> failure(abi::cqe const& c) noexcept {
    return fail(is_interruption(c.res) ? EINTR : -c.res, attempt_of<Op>);
}

/// The one place that reads `res` of operations without a value() of their own.
template <class Op, class T = typename Op::value_type>
[[nodiscard]] inline result<T> plain_value(abi::cqe const& c) noexcept {
    if (c.res < 0) [[unlikely]]
        return failure<Op>(c);
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return static_cast<T>(c.res);
}

/// What a completion means to the operation that it completes.
template <operation Op>
[[nodiscard]] inline result<typename Op::value_type> value_of(Op const& o,
                                                              abi::cqe const& c) noexcept {
    if constexpr (requires { Op::value(o, c); })
        return Op::value(o, c);
    else if constexpr (std::is_same_v<typename Op::value_type, unique_fd>) {
        if (c.res < 0) [[unlikely]]
            return failure<Op>(c);
        return unique_fd(c.res);
    } else
        return plain_value<Op>(c);
}
/// The same for a 32-byte completion, which some operations need whole.
template <operation Op>
[[nodiscard]] inline result<typename Op::value_type> value_of(Op const& o,
                                                              abi::cqe32 const& c) noexcept {
    if constexpr (requires { Op::value(o, c); })
        return Op::value(o, c);
    else
        return value_of(o, c.head);
}

/// Writes one whole SQE: what the operation does not set is zero.
template <operation Op>
    requires plain_operation<Op>
[[gnu::always_inline]] inline void fill(abi::sqe& s, Op const& o,
                                        std::uint64_t user_data) noexcept {
    s = abi::sqe{};
    s.opcode = static_cast<std::uint8_t>(static_cast<abi::opcode>(Op::code));
    o.prep(s);
    s.user_data = user_data;
}

/// Writes one whole 128-byte SQE.
template <operation Op>
[[gnu::always_inline]] inline void fill(abi::sqe128& s, Op const& o,
                                        std::uint64_t user_data) noexcept {
    s = abi::sqe128{};
    if constexpr (is_wide<Op>) {
        s.head.opcode = static_cast<std::uint8_t>(static_cast<abi::opcode>(Op::code));
        o.prep(s);
        s.head.user_data = user_data;
    } else {
        fill(s.head, o, user_data);
    }
}

/// The address and count fields, which nearly all operations use alike.
[[gnu::always_inline]] inline void set_memory(abi::sqe& s, void const* address,
                                              std::size_t count) noexcept {
    s.addr = reinterpret_cast<std::uintptr_t>(address);
    s.len = static_cast<std::uint32_t>(count);
}

} // namespace rondo::op
