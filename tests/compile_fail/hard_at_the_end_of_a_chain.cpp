// expect: nothing hard-linked after its last
// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>

auto make() {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return op::link(op::hard(op::nop{}), op::nop{});
#else
    return op::link(op::nop{}, op::hard(op::nop{}));
#endif
}
