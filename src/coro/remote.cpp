// SPDX-License-Identifier: MIT
#include <rondo/coro/remote.hpp>

#include <rondo/core/assert.hpp>

namespace rondo::detail {

void remote_base::send(std::coroutine_handle<> frame) noexcept {
    frame_ = frame;
    line_.waits_for(this);
    bool const stopped = line_.stop_requested();
    bool const sent = there_.inbox().post(start_);
    RONDO_ASSERT(sent, "a task was sent to a loop that has ended");
    if (stopped)
        ask();
}

void remote_base::over(task_promise_base& p) noexcept { static_cast<remote_base*>(p.owner)->end(); }

/// The inbox keeps the order of one thread's posts, so the task has begun.
void remote_base::reach() noexcept { child_.request_stop(); }

void remote_base::back() noexcept { line_.where().post(*this); }

void remote_base::resume(work& w) noexcept {
    auto& self = static_cast<remote_base&>(w);
    self.line_.waits_for(nullptr);
    self.frame_.resume();
}

void remote_base::stop_it(work& w) noexcept { static_cast<remote_base&>(w).ask(); }

} // namespace rondo::detail
