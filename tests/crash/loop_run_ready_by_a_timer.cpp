// SPDX-License-Identifier: MIT
// expect: a loop was run by what it runs
#include <loop/loop_fixture.hpp>

int main() {
    using namespace rondo;
    loop l = loop::create().or_throw("loop");
    test::called_timer t([&] { static_cast<void>(l.run_ready()); });
    l.timers().arm(t, l.now());
    static_cast<void>(l.run());
}
