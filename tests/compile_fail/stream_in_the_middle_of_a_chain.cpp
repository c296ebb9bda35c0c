// expect: has streams at its end only
// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>

auto make(rondo::fd_ref fd) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return op::link(op::nop{}, op::poll_stream{.fd = fd, .events = 1});
#else
    return op::link(op::poll_stream{.fd = fd, .events = 1}, op::nop{});
#endif
}
