// SPDX-License-Identifier: MIT
#pragma once

// What operations that are one system call share: looking at their fields when they are taken,
// keeping what the fields point to, and the answer that breaks no chain. Any thread.

#include "request.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace rondo::engine::emulation {

/// True if one of the fields is set: of those that an operation has no use for, none may be.
template <class... Fields>
[[nodiscard]] constexpr bool any_set(Fields... fields) noexcept {
    return (... || (fields != 0));
}

/// True if all of a reserved field's words are zero.
template <class Words>
[[nodiscard]] constexpr bool all_zero(Words const& words) noexcept {
    for (auto const word : words)
        if (word != 0)
            return false;
    return true;
}

/// 0, or why `count` slots from `first` on cannot be changed in a table of `size`: -EOVERFLOW,
/// -ENXIO when there is no table, -EINVAL.
[[nodiscard]] constexpr long check_slots(std::uint32_t first, std::uint32_t count,
                                         std::uint32_t size) noexcept {
    std::uint32_t end = 0;
    if (__builtin_add_overflow(first, count, &end))
        return -EOVERFLOW;
    if (size == 0)
        return -ENXIO;
    return end > size ? -EINVAL : 0;
}

/// Reads a path as the kernel would: 0, -EFAULT, -ENAMETOOLONG or, unless it may be, -ENOENT for an
/// empty one.
[[nodiscard]] std::int32_t check_path(std::uint64_t address, bool may_be_empty = false) noexcept;

/// Turns an address of the entry to a copy of the string there. False: no memory.
[[nodiscard]] bool keep_text(request& r, std::uint64_t& address) noexcept;
/// The same of `bytes` bytes, none of which may be there.
[[nodiscard]] bool keep_bytes(request& r, std::uint64_t& address, std::size_t bytes) noexcept;

/// The answer of those operations whose errors the kernel posts without failing what is linked.
[[nodiscard]] constexpr outcome harmless_answer(long res) noexcept {
    outcome how = outcome::answer(res);
    how.harmless = true;
    return how;
}

} // namespace rondo::engine::emulation
