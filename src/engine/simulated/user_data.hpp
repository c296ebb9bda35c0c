// SPDX-License-Identifier: MIT
#pragma once

// Single values in the memory of the program under test, which may be poisoned under ASan while it
// is lent. The caller has looked for null. One thread.

#include "object.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rondo::engine::simulation {

/// A word of a system call as the piece of memory that it points to.
[[nodiscard]] inline ::iovec piece(long address, std::size_t bytes) noexcept {
    return {reinterpret_cast<void*>(address), bytes};
}

inline void put_bytes(long address, void const* from, std::size_t bytes) noexcept {
    ::iovec const to = piece(address, bytes);
    copy_to({&to, 1}, 0, from, bytes);
}

inline void get_bytes(long address, void* into, std::size_t bytes) noexcept {
    ::iovec const from = piece(address, bytes);
    copy_from({&from, 1}, 0, into, bytes);
}

template <class Value>
void put_value(long address, Value const& value) noexcept {
    static_assert(std::is_trivially_copyable_v<Value>);
    put_bytes(address, &value, sizeof value);
}

template <class Value>
[[nodiscard]] Value get_value(long address) noexcept {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value value{};
    get_bytes(address, &value, sizeof value);
    return value;
}

} // namespace rondo::engine::simulation
