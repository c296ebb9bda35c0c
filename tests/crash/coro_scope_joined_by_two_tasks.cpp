// SPDX-License-Identifier: MIT
// expect: a scope was joined by two tasks at once
#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <chrono>

namespace {

rondo::task<> sleeps() {
    static_cast<void>(co_await rondo::sleep_for(std::chrono::milliseconds(5)));
}
rondo::task<rondo::result<>> joins(rondo::scope& tasks) { co_return co_await tasks.join(); }
rondo::task<> joins_twice() {
    rondo::scope tasks(co_await rondo::this_strand());
    tasks.spawn(sleeps());
    co_await rondo::when_all(joins(tasks), joins(tasks));
}

} // namespace

int main() { rondo::sync_wait(joins_twice()); }
