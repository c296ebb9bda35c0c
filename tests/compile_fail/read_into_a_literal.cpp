// expect: mutable_bytes
// SPDX-License-Identifier: MIT

#include <rondo/op/read.hpp>

auto make(rondo::fd_ref fd) {
#ifdef RONDO_MUST_COMPILE
    static char memory[] = "hello";
    return rondo::op::read{.fd = fd, .into = memory};
#else
    return rondo::op::read{.fd = fd, .into = "hello"};
#endif
}
