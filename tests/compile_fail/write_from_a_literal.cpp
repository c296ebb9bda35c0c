// expect: deleted
// SPDX-License-Identifier: MIT

#include <rondo/op/write.hpp>

#include <string_view>

auto make(rondo::fd_ref fd) {
#ifdef RONDO_MUST_COMPILE
    return rondo::op::write{.fd = fd, .from = std::string_view("hello")};
#else
    return rondo::op::write{.fd = fd, .from = "hello"};
#endif
}
