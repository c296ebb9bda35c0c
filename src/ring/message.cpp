// SPDX-License-Identifier: MIT
#include <rondo/ring/message.hpp>

#include "registration.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>

namespace rondo {

result<> send_message(op::message_ring const& message) noexcept {
    RONDO_ASSERT(!message.ring.is_slot(),
                 "a message from outside any ring names its target by descriptor: slots belong to "
                 "a ring");
    bool const here = engine::is_emulated(message.ring.value());
    return send_message(message, here ? engine::emulated_backend() : engine::kernel_backend());
}

result<> send_message(op::message_ring const& message, engine::backend& who) noexcept {
    RONDO_ASSERT(!message.ring.is_slot(),
                 "a message from outside any ring names its target by descriptor: slots belong to "
                 "a ring");
    abi::sqe s;
    op::fill(s, message, 0);
    long const answer = who.register_(-1, raw(abi::register_op::send_msg_ring), &s, 1);
    if (answer < 0)
        return fail(
            explain_registration(error(static_cast<int>(-answer),
                                       attempt_to_register(raw(abi::register_op::send_msg_ring))),
                                 support::unknown, arguments::checked));
    return {};
}

} // namespace rondo
