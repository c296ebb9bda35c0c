// SPDX-License-Identifier: MIT
// expect: a loop was run by what it runs
#include <loop/loop_fixture.hpp>

int main() {
    using namespace rondo;
    loop l = loop::create().or_throw("loop");
    test::operation<op::nop> n(l, {});
    n.then = [&] { static_cast<void>(l.run()); };
    n.start();
    static_cast<void>(l.run());
}
