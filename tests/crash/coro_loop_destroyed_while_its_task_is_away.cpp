// SPDX-License-Identifier: MIT
// expect: a loop was destroyed while a task of its was on another loop
#include <rondo/coro/event.hpp>
#include <rondo/coro/resume_on.hpp>
#include <rondo/coro/task.hpp>

#include <optional>

namespace {

rondo::task<> goes(rondo::loop& other, rondo::event& never) {
    (co_await rondo::resume_on(other)).or_throw("there");
    static_cast<void>(co_await never.wait());
}

} // namespace

int main() {
    using namespace rondo;
    event never;
    std::optional<loop> home(loop::create().or_throw("loop"));
    auto other = loop::create().or_throw("loop");
    auto traveller = goes(other, never);
    detail::begin_strand(
        traveller.promise(), *home, [](detail::task_promise_base&) noexcept {}, nullptr);
    home->run().or_throw("run");
    static_cast<void>(other.run_ready().or_throw("run_ready"));
    home.reset();
}
