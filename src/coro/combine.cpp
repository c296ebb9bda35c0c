// SPDX-License-Identifier: MIT
#include <rondo/coro/combine.hpp>

namespace rondo::detail {

bool group::start(task_promise_base* const* all, std::size_t n,
                  void (*begin)(group&, std::size_t) noexcept,
                  std::coroutine_handle<> frame) noexcept {
    frame_ = frame;
    all_ = all;
    count_ = n;
    running_ = n;
    starting_ = true;
    line_.waits_for(this);
    if (line_.stop_requested())
        stop_all_but(none);
    for (std::size_t i = 0; i < n; ++i)
        begin(*this, i);
    starting_ = false;
    if (running_ != 0)
        return true;
    line_.waits_for(nullptr);
    return false;
}

void group::over(task_promise_base& p) noexcept {
    auto& self = *static_cast<group*>(p.owner);
    std::size_t which = 0;
    while (self.all_[which] != &p)
        ++which;
    if (self.first_ == none) {
        self.first_ = which;
        if (self.first_ends_)
            self.stop_all_but(which);
    }
    if (p.thrown)
        self.stop_all_but(which);
    if (--self.running_ == 0 && !self.starting_)
        self.line_.where().post(self);
}

/// Those too that are yet to begin.
void group::stop_all_but(std::size_t spared) noexcept {
    if (std::exchange(stopping_, true))
        return;
    for (std::size_t i = 0; i < count_; ++i)
        if (i != spared)
            all_[i]->own.request_stop();
}

void group::resume(work& w) noexcept {
    auto& self = static_cast<group&>(w);
    self.line_.waits_for(nullptr);
    self.frame_.resume();
}

void group::stop_it(work& w) noexcept {
    auto& self = static_cast<group&>(w);
    self.stopping_ = false;
    self.stop_all_but(none);
}

} // namespace rondo::detail
