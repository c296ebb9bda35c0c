// SPDX-License-Identifier: MIT
// expect: an operation was destroyed in flight: nop; cancel it and wait until it is over
#include <loop/loop_fixture.hpp>

#include <optional>

int main() {
    using namespace rondo;
    loop_options options{};
    options.most_in_flight = 1;
    loop l = loop::create(options).or_throw("loop");
    test::operation<op::nop> first(l, {});
    std::optional<test::operation<op::nop>> second(std::in_place, l, op::nop{});
    first.start();
    second->start();
    second->cancel(); // its end is wanted, but it did not run yet
    second.reset();
}
