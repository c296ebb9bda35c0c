// SPDX-License-Identifier: MIT
// expect: an operation was started twice
#include <loop/loop_fixture.hpp>

int main() {
    using namespace rondo;
    loop l = loop::create().or_throw("loop");
    test::operation<op::nop> n(l, {});
    l.start(n);
    l.start(n);
}
