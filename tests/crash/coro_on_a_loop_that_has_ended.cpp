// SPDX-License-Identifier: MIT
// expect: a task was sent to a loop that has ended
#include <rondo/coro/remote.hpp>
#include <rondo/coro/sync_wait.hpp>

namespace {

rondo::task<int> three() { co_return 3; }
rondo::task<int> goes_to(rondo::loop& other) { co_return co_await rondo::on(other, three()); }

} // namespace

int main() {
    using namespace rondo;
    auto other = loop::create().or_throw("loop");
    other.inbox().close().run(); // as its end does
    return sync_wait(goes_to(other));
}
