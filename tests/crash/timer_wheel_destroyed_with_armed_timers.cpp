// SPDX-License-Identifier: MIT
// expect: a timer_wheel was destroyed with armed timers; disarm\(\) them first
#include <rondo/loop/timers.hpp>

int main() {
    rondo::timer t([](rondo::timer&) noexcept {});
    rondo::timer_wheel wheel;
    wheel.arm(t, 1);
}
