// SPDX-License-Identifier: MIT
#pragma once

// Which operations a loop may be given, said in one place: who refuses the others does so when it
// is compiled, with a message that says what to do instead. Value type.

#include <rondo/abi/flags.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/op/operation.hpp>

namespace rondo::detail {

/// True, or it does not compile: a loop may be given it, in a chain at least.
template <class Op>
consteval bool may_start() {
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::cqe_skip_success),
                  "a loop waits for every completion: skip_success would leave none");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_drain),
                  "a drain can wait for ever behind what is in flight; use a ring of its own");
    static_assert(!op::is_wide<Op>, "push wide operations to a ring of their own");
    static_assert(!op::wants_cqe32<Op>,
                  "a loop takes 16 bytes of a completion: push it to a ring of its own");
    return true;
}

/// The same without others behind or before it.
template <class Op>
consteval bool may_start_alone() {
    static_assert(!op::is_chain_only<Op>, "only has a meaning inside op::link(...)");
    static_assert(!has(op::flags_of<Op>, abi::sqe_flag::io_hardlink),
                  "op::hard only has a meaning inside op::link(...)");
    return may_start<Op>();
}

/// The same, and it completes once.
template <class Op>
consteval bool may_start_once() {
    static_assert(!op::is_stream<Op>, "it completes many times: use rondo::stream");
    return may_start_alone<Op>();
}

} // namespace rondo::detail
