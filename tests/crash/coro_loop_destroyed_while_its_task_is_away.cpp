// SPDX-License-Identifier: MIT
// expect: a loop was destroyed while a task of its was on another loop
#include "two_loops.hpp"

int main() {
    using namespace rondo;
    two_loops l;
    auto traveller = l.goes_there();
    detail::begin_strand(
        traveller.promise(), *l.home, [](detail::task_promise_base&) noexcept {}, nullptr);
    l.home->run().or_throw("run");
    l.run(*l.other);
    l.home.reset();
}
