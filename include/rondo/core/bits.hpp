// SPDX-License-Identifier: MIT
#pragma once

// Bitmask operators for scoped enums that ask for them, and powers of two. An enum opts in with
// `template <> inline constexpr bool rondo::is_flags<my_flag> = true;` next to its definition. One
// in a namespace other than rondo also needs `using rondo::operator|;` and so on there, because
// argument-dependent lookup does not look into enclosing namespaces.
// Pure functions of their arguments: any thread may use them.

#include <bit>
#include <concepts>
#include <type_traits>

namespace rondo {

/// True for an enum whose values are sets of bits; specialise it next to the enum.
template <class E>
inline constexpr bool is_flags = false;

/// A scoped enum that opted in by is_flags.
template <class E>
concept flag_enum = std::is_scoped_enum_v<E> && is_flags<E>;

/// The number behind a scoped enumerator, in its underlying type.
template <class E>
    requires std::is_scoped_enum_v<E>
[[nodiscard]] constexpr std::underlying_type_t<E> raw(E value) noexcept {
    return static_cast<std::underlying_type_t<E>>(value);
}

/// Union.
template <flag_enum E>
[[nodiscard]] constexpr E operator|(E a, E b) noexcept {
    return static_cast<E>(raw(a) | raw(b));
}

/// Intersection.
template <flag_enum E>
[[nodiscard]] constexpr E operator&(E a, E b) noexcept {
    return static_cast<E>(raw(a) & raw(b));
}

/// Symmetric difference.
template <flag_enum E>
[[nodiscard]] constexpr E operator^(E a, E b) noexcept {
    return static_cast<E>(raw(a) ^ raw(b));
}

/// Every bit of the underlying type that is not in `a`, named or not.
template <flag_enum E>
[[nodiscard]] constexpr E operator~(E a) noexcept {
    return static_cast<E>(static_cast<std::underlying_type_t<E>>(~raw(a)));
}

/// Adds the bits of `b`.
template <flag_enum E>
constexpr E& operator|=(E& a, E b) noexcept {
    return a = a | b;
}

/// Keeps the bits of `b`.
template <flag_enum E>
constexpr E& operator&=(E& a, E b) noexcept {
    return a = a & b;
}

/// Flips the bits of `b`.
template <flag_enum E>
constexpr E& operator^=(E& a, E b) noexcept {
    return a = a ^ b;
}

/// True if at least one bit is set.
template <flag_enum E>
[[nodiscard]] constexpr bool any(E set) noexcept {
    return raw(set) != 0;
}

/// True if all of `flags` are in `set`; also for no flags at all.
template <flag_enum E>
[[nodiscard]] constexpr bool has(E set, E flags) noexcept {
    return (set & flags) == flags;
}

/// True for 1, 2, 4, ...; false for 0.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr bool is_power_of_two(Number n) noexcept {
    return std::has_single_bit(n);
}

/// The smallest power of two that is not below `n`; 1 for 0. The caller makes sure that the type
/// can hold it: `n` is at most half of the type's range.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr Number round_up_to_power_of_two(Number n) noexcept {
    return std::bit_ceil(n);
}

} // namespace rondo
