// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with a task of another loop's on it
#include "two_loops.hpp"

#include <rondo/coro/remote.hpp>
#include <rondo/coro/scope.hpp>

namespace {

rondo::task<> sends(two_loops& l) { co_await rondo::on(*l.other, l.waits()); }

} // namespace

int main() {
    two_loops l;
    rondo::loop_scope tasks(*l.home);
    tasks.spawn(sends(l));
    l.run(*l.home);
    l.other.reset(); // which never ran
}
