// SPDX-License-Identifier: MIT
#pragma once

// Operations on the ring itself. Value types; any thread.

#include <rondo/op/operation.hpp>

namespace rondo::op {

/// io_uring_enter(2). Linux 5.1. Value: none; completes at once.
struct nop {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::nop;
    static constexpr about facts{"nop", "io_uring_enter(2)", "5.1", "none"};
    void prep(abi::sqe& s) const noexcept { s.fd = -1; }
};

} // namespace rondo::op
