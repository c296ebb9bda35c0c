// SPDX-License-Identifier: MIT
// expect: a loop was moved after its first use
#include <loop/loop_fixture.hpp>

int main() {
    using namespace rondo;
    loop l = loop::create().or_throw("loop");
    test::operation<op::nop> n(l, {});
    n.start();
    static_cast<void>(l.run());
    loop const other(std::move(l));
}
