// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with a task of another loop's on it
#include <rondo/coro/event.hpp>
#include <rondo/coro/remote.hpp>
#include <rondo/coro/scope.hpp>

#include <optional>

namespace {

rondo::task<> waits(rondo::event& never) { static_cast<void>(co_await never.wait()); }
rondo::task<> goes(rondo::loop& other, rondo::event& never) {
    co_await rondo::on(other, waits(never));
}

} // namespace

int main() {
    using namespace rondo;
    event never;
    auto home = loop::create().or_throw("loop");
    std::optional<loop> other(loop::create().or_throw("loop"));
    loop_scope tasks(home);
    tasks.spawn(goes(*other, never));
    static_cast<void>(home.run_ready().or_throw("run_ready"));
    other.reset(); // which never ran
}
