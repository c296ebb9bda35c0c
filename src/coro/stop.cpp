// SPDX-License-Identifier: MIT
#include <rondo/coro/stop.hpp>

namespace rondo::detail {

token_base::token_base(strand& line, std::stop_token&& token) noexcept
    : work(&resume, functions_of), inbox_item(&stop_arrived), line_(line),
      token_(std::move(token)) {}

// Step "run".
bool token_base::run(void (*begin)(token_base&) noexcept, strand& child,
                     std::coroutine_handle<> frame) noexcept {
    frame_ = frame;
    child_ = &child;
    line_.waits_for(this);
    if (token_.stop_requested() || line_.stop_requested())
        child.request_stop();
    else
        callback_.emplace(token_, post_stop{*this}); // step "register"
    starting_ = true;
    begin(*this);
    starting_ = false;
    if (!is_over_ || (sent_ && !arrived_))
        return true;
    line_.waits_for(nullptr);
    return false;
}

/// Step "post the stop". The source's thread. The loop runs until the task is over, so its inbox is
/// open.
void token_base::post_stop::operator()() const noexcept {
    owner.sent_ = owner.line_.where().inbox().post(owner);
}

// Step "arrive".
void token_base::stop_arrived(inbox_item& m) noexcept {
    auto& self = static_cast<token_base&>(m);
    self.arrived_ = true;
    if (self.is_over_)
        self.line_.where().post(self);
    else
        self.child_->request_stop();
}

/// Step "over". To destroy the callback waits until it has run, if it runs: afterwards it is known
/// whether there is a message under way.
void token_base::over(task_promise_base& p) noexcept {
    auto& self = *static_cast<token_base*>(p.owner);
    self.callback_.reset(); // step "wait for the callback"
    self.is_over_ = true;
    if (!self.starting_ && (!self.sent_ || self.arrived_))
        self.line_.where().post(self);
}

void token_base::resume(work& w) noexcept {
    auto& self = static_cast<token_base&>(w);
    self.line_.waits_for(nullptr);
    self.frame_.resume();
}

// Step "outer stop".
void token_base::stop_it(work& w) noexcept {
    auto& self = static_cast<token_base&>(w);
    if (!self.is_over_)
        self.child_->request_stop();
}

} // namespace rondo::detail
