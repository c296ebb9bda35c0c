// SPDX-License-Identifier: MIT
// expect: an event was destroyed while somebody waits for it
#include <rondo/coro/event.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <optional>
#include <utility>

namespace {

rondo::task<> waits(std::optional<rondo::event>& of) { static_cast<void>(co_await of->wait()); }

rondo::task<> destroys() {
    std::optional<rondo::event> of(std::in_place);
    rondo::scope s{co_await rondo::this_strand()};
    s.spawn(waits(of));
    of.reset();
    static_cast<void>(co_await s.join());
}

} // namespace

int main() { rondo::sync_wait(destroys()); }
