// expect: skip_success needs an operation that completes once
// SPDX-License-Identifier: MIT

#include <rondo/op/modifier.hpp>
#include <rondo/op/send.hpp>

auto silent(rondo::fd_ref fd, rondo::const_bytes bytes) {
#ifdef RONDO_MUST_COMPILE
    return rondo::op::skip_success(rondo::op::send{.fd = fd, .from = bytes});
#else
    return rondo::op::skip_success(rondo::op::send_zc{.fd = fd, .from = bytes});
#endif
}
