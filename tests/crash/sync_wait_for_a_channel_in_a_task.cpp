// SPDX-License-Identifier: MIT
// expect: sync_wait\(\) would hold up the loop of this thread; co_await it in a task
#include <rondo/coro/channel.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>

namespace {

rondo::task<> blocks() {
    static_cast<void>(co_await rondo::schedule());
    auto const ends = rondo::make_channel<int>(1).or_throw("channel");
    static_cast<void>(rondo::sync_wait(ends.rx.receive()));
}

} // namespace

int main() { rondo::sync_wait(blocks()); }
