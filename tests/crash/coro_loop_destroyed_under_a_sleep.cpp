// SPDX-License-Identifier: MIT
// expect: a timer_wheel was destroyed with armed timers; disarm\(\) them first
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>

#include <chrono>
#include <optional>

namespace {

rondo::task<> sleeps() { static_cast<void>(co_await rondo::sleep_for(std::chrono::seconds(5))); }

} // namespace

int main() {
    using namespace rondo;
    auto sleeper = sleeps();
    std::optional<loop> on(loop::create().or_throw("loop"));
    detail::begin_strand(
        sleeper.promise(), *on, [](detail::task_promise_base&) noexcept {}, nullptr);
    static_cast<void>(on->run_ready().or_throw("run_ready"));
    on.reset();
}
