// SPDX-License-Identifier: MIT
#pragma once

// Every operation there is, in every form that its fields can give it: for tests, tools and the
// generated reference. Constants only; any thread.

#include <rondo/op/cancel.hpp>
#include <rondo/op/command.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/file.hpp>
#include <rondo/op/fs.hpp>
#include <rondo/op/futex.hpp>
#include <rondo/op/message.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/process.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/ring_message.hpp>
#include <rondo/op/send.hpp>
#include <rondo/op/splice.hpp>
#include <rondo/op/time.hpp>

#include <cstddef>

namespace rondo::op {

template <class... Lists>
struct joined;
template <class... A>
struct joined<operations<A...>> {
    using type = operations<A...>;
};
template <class... A, class... B, class... Rest>
struct joined<operations<A...>, operations<B...>, Rest...> {
    using type = typename joined<operations<A..., B...>, Rest...>::type;
};

/// One list, made of several in order.
template <class... Lists>
using join = typename joined<Lists...>::type;

using all = join<control_operations, file_operations, fs_operations, splice_operations,
                 net_operations, send_operations, receive_operations, message_operations,
                 poll_operations, time_operations, cancel_operations, futex_operations,
                 process_operations, ring_message_operations, command_operations>;

/// Calls visit.operator()<Op>() for each operation of a list, in order.
template <class... Ops, class Visit>
constexpr void for_each_operation(operations<Ops...>, Visit&& visit) {
    (visit.template operator()<Ops>(), ...);
}
/// The same for all there are: `for_each_operation([]<class Op>() { ... })`.
template <class Visit>
constexpr void for_each_operation(Visit&& visit) {
    for_each_operation(all{}, visit);
}

template <class... Ops>
constexpr bool covers_every_opcode(operations<Ops...>) noexcept {
    bool covered[static_cast<std::size_t>(abi::opcode::last)] = {};
    ((covered[static_cast<std::size_t>(static_cast<abi::opcode>(Ops::code))] = true), ...);
    for (bool const one : covered)
        if (!one)
            return false;
    return true;
}
static_assert(covers_every_opcode(all{}), "an opcode has no operation");

} // namespace rondo::op
