// SPDX-License-Identifier: MIT
// expect: a scope was destroyed before its tasks were over; join\(\) it, or use with_scope\(\)
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <chrono>

namespace {

rondo::task<> sleeps() { static_cast<void>(co_await rondo::sleep_for(std::chrono::seconds(5))); }
rondo::task<> forgets_to_join() {
    rondo::scope tasks(co_await rondo::this_strand());
    tasks.spawn(sleeps());
}

} // namespace

int main() { rondo::sync_wait(forgets_to_join()); }
