// SPDX-License-Identifier: MIT
// expect: a channel's last sender was destroyed while somebody waits in its send\(\)
#include <rondo/coro/channel.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <optional>
#include <utility>

namespace {

rondo::task<> waits(std::optional<rondo::sender<int>>& of) {
    static_cast<void>(co_await of->send(1));
}

rondo::task<> destroys() {
    auto ends = rondo::make_channel<int>(0).or_throw("channel");
    std::optional<rondo::sender<int>> of(std::move(ends.tx));
    rondo::scope s{co_await rondo::this_strand()};
    s.spawn(waits(of));
    of.reset();
    static_cast<void>(co_await s.join());
}

} // namespace

int main() { rondo::sync_wait(destroys()); }
