// expect: pushable
// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/time.hpp>

#include <chrono>

void make() {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    op::link_timeout const deadline{.when = std::chrono::seconds(1)};
    static_cast<void>(op::link(op::nop{}, deadline));
#else
    static_cast<void>(op::link(op::nop{}, op::link_timeout{.when = std::chrono::seconds(1)}));
#endif
}
