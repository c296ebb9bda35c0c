// SPDX-License-Identifier: MIT
// expect: a strand with an open scope was moved to another loop
#include <rondo/coro/resume_on.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

namespace {

rondo::task<> moves(rondo::loop& other) {
    rondo::scope tasks(co_await rondo::this_strand());
    static_cast<void>(co_await rondo::resume_on(other));
    static_cast<void>(co_await tasks.join());
}

} // namespace

int main() {
    auto other = rondo::loop::create().or_throw("loop");
    rondo::sync_wait(moves(other));
}
