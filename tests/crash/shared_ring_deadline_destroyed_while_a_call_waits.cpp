// SPDX-License-Identifier: MIT
// expect: a call_deadline was destroyed while a call waits by it
#include <rondo/op/time.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <chrono>
#include <optional>
#include <thread>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    std::optional<rondo::call_deadline> limit;
    limit.emplace();
    std::jthread const caller([&, &until = *limit] {
        rondo::op::timeout const minute{.when = std::chrono::minutes(1)};
        static_cast<void>(shared.run(minute, until));
    });
    while (limit->waiting() == 0)
        std::this_thread::yield();
    limit.reset();
}
