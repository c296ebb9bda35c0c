// SPDX-License-Identifier: MIT
// expect: a loop's ring completed what the loop had not started; push nothing to it
#include <loop/loop_fixture.hpp>

int main() {
    using namespace rondo;
    loop l = loop::create().or_throw("loop");
    test::operation<op::nop> n(l, {});
    n.start();
    if (!l.ring().push(op::nop{}, 41))
        return 1;
    static_cast<void>(l.run());
}
