// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with an operation in flight: nop; run the loop until it is over
#include <loop/loop_fixture.hpp>

#include <optional>

int main() {
    using namespace rondo;
    loop_options options{};
    options.most_in_flight = 1;
    std::optional<loop> l(loop::create(options).or_throw("loop"));
    test::operation<op::nop> first(*l, {}), second(*l, {});
    first.start();
    second.start();
    l.reset();
}
