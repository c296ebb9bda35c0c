// expect: mutable_bytes
// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>

#include <array>

#ifdef RONDO_MUST_COMPILE
using memory = std::array<char, 8>;
#else
using memory = std::array<char, 8> const;
#endif

auto make(rondo::fd_ref fd, memory& into) { return rondo::op::recv{.fd = fd, .into = into}; }
