// SPDX-License-Identifier: MIT
#pragma once

// Where operations put the files they open: into the process's table of descriptors or into the
// ring's table of registered files. Pure functions of their arguments: any thread.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/slot.hpp>

#include <concepts>
#include <type_traits>

namespace rondo::op {

template <class As>
inline constexpr bool is_slot_source = std::is_same_v<As, slot_source>;

/// The types of an opening operation's `as`.
template <class As>
concept file_destination = std::same_as<As, plain_descriptor> || is_slot_source<As>;

/// What owns a new file.
template <file_destination As>
using owner_of = std::conditional_t<is_slot_source<As>, owned_slot, unique_fd>;

[[gnu::always_inline]] inline void set_destination(abi::sqe&, plain_descriptor) noexcept {}
[[gnu::always_inline]] inline void set_destination(abi::sqe& s, slot_source const& as) noexcept {
    s.file_index = as.encoded();
}

/// What a completion means to an operation that opens one file.
template <class Op, file_destination As>
[[nodiscard]] inline result<owner_of<As>> opened_value(As const& as, abi::cqe const& c) noexcept {
    if (c.res < 0) [[unlikely]]
        return failure<Op>(c);
    if constexpr (is_slot_source<As>)
        return as.adopt(c.res);
    else
        return unique_fd(c.res);
}

} // namespace rondo::op
