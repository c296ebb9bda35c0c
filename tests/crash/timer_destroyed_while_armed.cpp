// SPDX-License-Identifier: MIT
// expect: a timer was destroyed while armed; disarm\(\) it first
#include <rondo/loop/timers.hpp>

int main() {
    rondo::timer_wheel wheel;
    rondo::timer t([](rondo::timer&) noexcept {});
    wheel.arm(t, 1);
}
