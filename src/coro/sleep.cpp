// SPDX-License-Identifier: MIT
#include <rondo/coro/sleep.hpp>

namespace rondo::detail {

sleep_awaiter::sleep_awaiter(strand& line, deadline until) noexcept
    : work(&resume, functions_of), timer(&expired), line_(line), until_(until) {}

void sleep_awaiter::await_suspend(std::coroutine_handle<> frame) noexcept {
    frame_ = frame;
    line_.waits_for(this);
    loop& on = line_.where();
    on.timers().arm(*this, on.time_of(until_));
}

result<> sleep_awaiter::await_resume() const noexcept {
    if (!slept_)
        return fail(stopped_error());
    return {};
}

void sleep_awaiter::resume(work& w) noexcept {
    auto& self = static_cast<sleep_awaiter&>(w);
    self.line_.waits_for(nullptr);
    self.frame_.resume();
}

void sleep_awaiter::stop_it(work& w) noexcept {
    auto& self = static_cast<sleep_awaiter&>(w);
    loop& on = self.line_.where();
    if (on.timers().disarm(self)) // else the time is up, and it is about to run
        on.post(self);
}

void sleep_awaiter::expired(timer& t) noexcept {
    auto& self = static_cast<sleep_awaiter&>(t);
    self.slept_ = true;
    self.line_.where().post(self);
}

} // namespace rondo::detail
