// expect: skip_success needs an operation that completes once
// SPDX-License-Identifier: MIT

#include <rondo/op/modifier.hpp>
#include <rondo/op/poll.hpp>

auto silent(rondo::fd_ref fd) {
#ifdef RONDO_MUST_COMPILE
    return rondo::op::skip_success(rondo::op::poll{.fd = fd, .events = 1});
#else
    return rondo::op::skip_success(rondo::op::poll_stream{.fd = fd, .events = 1});
#endif
}
