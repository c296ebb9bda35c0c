// SPDX-License-Identifier: MIT
// expect: a timer_wheel was destroyed with armed timers; disarm\(\) them first
#include <loop/loop_fixture.hpp>

#include <optional>

int main() {
    using namespace rondo;
    std::optional<loop> l(loop::create().or_throw("loop"));
    test::called_timer t;
    l->timers().arm(t, l->now() + 3'600'000'000'000);
    l.reset();
}
