// expect: a chain starts with an ordinary operation
// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/time.hpp>

auto make(rondo::op::link_timeout<> const& deadline) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return op::link(op::nop{}, deadline, op::nop{}, deadline);
#else
    return op::link(op::nop{}, deadline, deadline);
#endif
}
