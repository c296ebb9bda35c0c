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
        stop();
}

void remote_base::over(task_promise_base& p) noexcept {
    auto& self = *static_cast<remote_base*>(p.owner);
    self.is_over_ = true;
    bool const sent = self.line_.where().inbox().post(self.back_);
    RONDO_ASSERT(sent, "a loop ended while a task of its was away");
}

/// The inbox keeps the order of one thread's posts, so the task has begun.
void remote_base::stop_there() noexcept {
    if (!is_over_)
        child().request_stop();
    bool const sent = line_.where().inbox().post(stopped_);
    RONDO_ASSERT(sent, "a loop ended while a task of its was away");
}

void remote_base::came_back() noexcept {
    is_back_ = true;
    go_on_if_all_is_back();
}

void remote_base::stop_came_back() noexcept {
    stop_is_out_ = false;
    go_on_if_all_is_back();
}

void remote_base::go_on_if_all_is_back() noexcept {
    if (is_back_ && !stop_is_out_)
        line_.where().post(*this);
}

void remote_base::resume(work& w) noexcept {
    auto& self = static_cast<remote_base&>(w);
    self.line_.waits_for(nullptr);
    self.frame_.resume();
}

void remote_base::stop_it(work& w) noexcept {
    auto& self = static_cast<remote_base&>(w);
    if (self.is_back_ || self.stop_was_sent_)
        return;
    self.stop_is_out_ = self.stop_was_sent_ = true;
    bool const sent = self.there_.inbox().post(self.stop_);
    RONDO_ASSERT(sent, "a loop ended while a task runs on it");
}

} // namespace rondo::detail
