// expect: the loop adopts what it is given: move it
// SPDX-License-Identifier: MIT

#include <rondo/loop/loop.hpp>
#include <rondo/loop/orphan.hpp>
#include <rondo/op/read.hpp>

#include <array>
#include <memory>
#include <utility>

bool give(rondo::loop& to, rondo::fd_ref fd) {
    auto bytes = std::make_unique<std::array<char, 16>>();
    rondo::op::read const o{.fd = fd, .into = std::span(*bytes)};
#ifdef RONDO_MUST_COMPILE
    return to.orphan(o, std::move(bytes)).has_value();
#else
    return to.orphan(o, bytes).has_value();
#endif
}
