// SPDX-License-Identifier: MIT
// expect: a barrier was destroyed while somebody waits for it
#include <rondo/coro/barrier.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <optional>

namespace {

rondo::task<> waits(std::optional<rondo::barrier>& of) {
    static_cast<void>(co_await of->arrive_and_wait());
}

rondo::task<> destroys() {
    std::optional<rondo::barrier> of(2);
    rondo::scope s{co_await rondo::this_strand()};
    s.spawn(waits(of));
    of.reset();
    static_cast<void>(co_await s.join());
}

} // namespace

int main() { rondo::sync_wait(destroys()); }
