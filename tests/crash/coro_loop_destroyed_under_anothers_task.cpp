// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with a task of another loop's on it
#include "two_loops.hpp"

#include <rondo/coro/scope.hpp>

int main() {
    two_loops l;
    rondo::loop_scope tasks(*l.home);
    tasks.spawn(l.goes_there());
    l.run(*l.home);
    l.run(*l.other);
    l.other.reset();
}
