// SPDX-License-Identifier: MIT
// expect: a mutex was destroyed while somebody waits for it
#include <rondo/coro/mutex.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <optional>
#include <utility>

namespace {

rondo::task<> waits(std::optional<rondo::mutex>& of) { static_cast<void>(co_await of->lock()); }

rondo::task<> destroys() {
    std::optional<rondo::mutex> of(std::in_place);
    auto const held = co_await of->lock();
    rondo::scope s{co_await rondo::this_strand()};
    s.spawn(waits(of));
    of.reset();
    static_cast<void>(co_await s.join());
}

} // namespace

int main() { rondo::sync_wait(destroys()); }
