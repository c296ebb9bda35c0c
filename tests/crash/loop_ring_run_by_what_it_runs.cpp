// SPDX-License-Identifier: MIT
// expect: a loop's ring was run or reaped by what the loop runs
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/control.hpp>

namespace {

rondo::task<> one(rondo::loop& on, bool& first) {
    static_cast<void>(co_await rondo::op::nop{});
    if (first) {
        first = false;
        static_cast<void>(on.ring().run(rondo::op::nop{}));
    }
}

rondo::task<rondo::result<>> many(rondo::loop& on) {
    bool first = true;
    rondo::scope s{co_await rondo::this_strand()};
    for (int i = 0; i < 100; ++i) // more than are taken at a time
        s.spawn(one(on, first));
    co_return co_await s.join();
}

} // namespace

int main() {
    rondo::loop on = rondo::loop::create({.ring = {.entries = 256}}).or_throw("loop");
    static_cast<void>(rondo::sync_wait(on, many(on)));
}
