// SPDX-License-Identifier: MIT
#pragma once

// Golden tests of operations: the bytes an SQE must have, written down by offset as
// io_uring_enter(2) lays them out, and the comparison with what op::fill() makes of an operation.
// One thread; the list of covered operations is filled before main() and only read afterwards.

#include <rondo/op/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <typeindex>
#include <typeinfo>

namespace rondo::test {

/// The user_data of every SQE that expect_sqe() fills.
inline constexpr std::uint64_t golden_user_data = 0x8877'6655'4433'2211u;

/// Expected bytes: zero but for what is put at an offset, in the machine's byte order.
class golden {
public:
    static constexpr std::size_t capacity = 128;

    golden& u8(std::size_t at, std::uint8_t value) noexcept { return put(at, value); }
    golden& u16(std::size_t at, std::uint16_t value) noexcept { return put(at, value); }
    golden& u32(std::size_t at, std::uint32_t value) noexcept { return put(at, value); }
    golden& u64(std::size_t at, std::uint64_t value) noexcept { return put(at, value); }
    golden& i32(std::size_t at, std::int32_t value) noexcept { return put(at, value); }
    golden& i64(std::size_t at, std::int64_t value) noexcept { return put(at, value); }
    /// An address, 64 bits wide on every machine.
    golden& ptr(std::size_t at, void const* address) noexcept {
        return put(at, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)));
    }
    golden& bytes(std::size_t at, std::span<std::uint8_t const> values) noexcept;

    [[nodiscard]] std::span<std::uint8_t const> first(std::size_t size) const noexcept {
        return std::span(bytes_).first(size);
    }

private:
    template <class T>
    golden& put(std::size_t at, T value) noexcept {
        std::uint8_t raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof raw);
        return bytes(at, raw);
    }

    std::uint8_t bytes_[capacity] = {};
};

/// Fails the running test when the two differ, and names the offsets where they do.
void expect_same_bytes(std::span<std::uint8_t const> expected, std::span<std::uint8_t const> actual,
                       char const* type);

/// Remembers that `type` has a golden test. True, so that it can initialise a variable.
bool remember_golden(std::type_index type);
/// Whether the program contains a call of expect_sqe() for `type`, run or not: ctest runs each
/// test in a process of its own.
[[nodiscard]] bool has_golden(std::type_index type);

template <class Op>
inline bool const golden_is_written = remember_golden(typeid(Op));

/// Fills an SQE of garbage with `o` and compares every byte with `expected`, which leaves out the
/// user_data. An operation that is not wide must make the same of the first half of a wide SQE.
template <class Op>
void expect_sqe(Op const& o, golden expected) {
    static_assert(op::operation<Op>);
    static_cast<void>(golden_is_written<Op>);
    expected.u64(offsetof(abi::sqe, user_data), golden_user_data);

    abi::sqe128 wide;
    std::memset(&wide, 0xAA, sizeof wide);
    op::fill(wide, o, golden_user_data);
    std::uint8_t actual[sizeof wide];
    std::memcpy(actual, &wide, sizeof wide);
    expect_same_bytes(expected.first(sizeof wide), actual, typeid(Op).name());

    if constexpr (op::plain_operation<Op>) {
        abi::sqe narrow;
        std::memset(&narrow, 0xAA, sizeof narrow);
        op::fill(narrow, o, golden_user_data);
        std::memcpy(actual, &narrow, sizeof narrow);
        expect_same_bytes(expected.first(sizeof narrow), std::span(actual).first(sizeof narrow),
                          typeid(Op).name());
    }
}

} // namespace rondo::test
