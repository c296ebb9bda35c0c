// SPDX-License-Identifier: MIT
#pragma once

// Waiting for words of memory and waking who waits for them, also across the boundary between
// io_uring and futex(2). Value types; any thread.

#include <rondo/abi/bits.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/op/operation.hpp>

#include <linux/futex.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo {

/// FUTEX2_, but for the size: words are 32 bits. Waiter and waker must agree on it. Linux 6.7
enum class futex_flag : std::uint32_t {
    numa = 1u << 2,            ///< a node number follows the word. In io_uring since 6.7
    mpol = 1u << 3,            ///< the node is that of the word's memory policy. Linux 6.16
    process_private = 1u << 7, ///< no other process waits for the word: cheaper
};
template <>
inline constexpr bool is_flags<futex_flag> = true;

namespace op {

/// Matches every waiter and every waker: FUTEX_BITSET_MATCH_ANY.
inline constexpr std::uint32_t futex_match_any = 0xffff'ffff;

/// FUTEX2_SIZE_U32, which every word here is.
inline constexpr std::uint32_t futex_size_u32 = 2;

/// One entry of futex_waitv's list: wait while `*word` is `expected`.
[[nodiscard]] inline ::futex_waitv futex_waiter(
    std::uint32_t const* word, std::uint32_t expected,
    futex_flag flags = futex_flag::process_private) noexcept {
    return {.val = expected,
            .uaddr = reinterpret_cast<std::uintptr_t>(word),
            .flags = raw(flags) | futex_size_u32,
            .__reserved = 0};
}

/// futex(2), FUTEX_WAIT_BITSET. Linux 6.7. Value: none; a wake-up came.
///
/// EAGAIN when `*word` is not `expected` at the start: not a failure but an answer. The word must
/// live until the final CQE and is meant to be changed meanwhile.
struct futex_wait {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::futex_wait;
    static constexpr about facts{"futex_wait", "futex(2)", "6.7", "none"};

    std::uint32_t const* word;
    std::uint32_t expected;
    std::uint32_t mask = futex_match_any; ///< woken by those whose mask has a bit in common
    futex_flag flags = futex_flag::process_private;

    void prep(abi::sqe& s) const noexcept {
        s.fd = static_cast<std::int32_t>(raw(flags) | futex_size_u32);
        s.addr = reinterpret_cast<std::uintptr_t>(word);
        s.addr2 = expected;
        s.addr3 = mask;
    }
};

/// futex(2), FUTEX_WAKE_BITSET. Linux 6.7. Value: how many waiters were woken.
///
/// The word's contents are not looked at, but it must be mapped until the final CQE.
struct futex_wake {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::futex_wake;
    static constexpr about facts{"futex_wake", "futex(2)", "6.7", "waiters woken"};

    std::uint32_t const* word;
    std::uint32_t count = 1;              ///< of waiters, at most; INT_MAX for all
    std::uint32_t mask = futex_match_any; ///< wakes those whose mask has a bit in common
    futex_flag flags = futex_flag::process_private;

    void prep(abi::sqe& s) const noexcept {
        s.fd = static_cast<std::int32_t>(raw(flags) | futex_size_u32);
        s.addr = reinterpret_cast<std::uintptr_t>(word);
        s.addr2 = count;
        s.addr3 = mask;
    }
};

/// futex_waitv(2). Linux 6.7. Value: the index of a word whose wake-up came.
///
/// At most FUTEX_WAITV_MAX (128) words, else EINVAL; make the entries with futex_waiter(). The list
/// must live until the operation is submitted, the words until the final CQE. EAGAIN when one of
/// them does not have its expected value at the start.
struct futex_waitv {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::futex_waitv;
    static constexpr about facts{"futex_waitv", "futex_waitv(2)", "6.7", "index of the word"};

    std::span<::futex_waitv const> waiters;

    void prep(abi::sqe& s) const noexcept { set_memory(s, waiters.data(), waiters.size()); }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit(static_cast<void const*>(waiters.data()), waiters.size_bytes(),
              access::reads_until_submitted);
    }
};

using futex_operations = operations<futex_wait, futex_wake, futex_waitv>;

} // namespace op
} // namespace rondo
