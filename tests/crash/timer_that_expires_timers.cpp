// SPDX-License-Identifier: MIT
// expect: timer_wheel::expire\(\) was called by a timer that expires
#include <rondo/loop/timers.hpp>

#include <cstddef>

int main() {
    static rondo::timer_wheel wheel;
    rondo::timer t([](rondo::timer&) noexcept { static_cast<void>(wheel.expire(1)); });
    wheel.arm(t, 1);
    static_cast<void>(wheel.expire(1));
}
