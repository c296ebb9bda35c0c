// SPDX-License-Identifier: MIT
// expect: a task was awaited twice, or after it was moved away
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/task.hpp>

#include <utility>

namespace {

rondo::task<int> three() { co_return 3; }
rondo::task<int> awaits_twice() {
    auto once = three();
    int const first = co_await std::move(once);
    co_return first + co_await std::move(once);
}

} // namespace

int main() { return rondo::sync_wait(awaits_twice()); }
