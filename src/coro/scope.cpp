// SPDX-License-Identifier: MIT
#include <rondo/coro/scope.hpp>

#include <rondo/core/assert.hpp>

namespace rondo {

scope::hook::hook(scope& whose) noexcept
    : stop_hook([](stop_hook& h) noexcept { static_cast<hook&>(h).owner.stop(); }), owner(whose) {}

scope::scope(strand& line, on_failure what) noexcept : line_(line), what_(what) {
    ++line.scopes_;
    line.hook(hook_);
}

scope::~scope() {
    RONDO_ASSERT(running_ == 0, "a scope was destroyed before its tasks were over; join() it, or "
                                "use with_scope()");
    --line_.scopes_;
}

void scope::link(detail::task_promise_base& p) noexcept {
    p.previous = nullptr;
    p.next = first_;
    if (first_ != nullptr)
        first_->previous = &p;
    first_ = &p;
    ++running_;
    if (stopped_)
        p.own.request_stop();
}

void scope::unlink(detail::task_promise_base& p) noexcept {
    (p.previous != nullptr ? p.previous->next : first_) = p.next;
    if (p.next != nullptr)
        p.next->previous = p.previous;
}

/// A stop ends nothing in place: what it reaches goes on by way of the loop.
void scope::stop() noexcept {
    stopped_ = true;
    for (detail::task_promise_base* p = first_; p != nullptr; p = p->next)
        p->own.request_stop();
}

void scope::one_is_over(error failed, std::exception_ptr&& thrown) noexcept {
    bool const is_failure = thrown || (failed.code() != 0 && !failed.stopped());
    if (is_failure) {
        if (what_ == on_failure::collect && !thrown)
            errors_.push_back(failed);
        if (!thrown_ && failed_.code() == 0) {
            failed_ = failed;
            thrown_ = std::move(thrown);
            if (tell_ != nullptr)
                tell_(tell_argument_);
        }
        if (what_ == on_failure::stop_all)
            stop();
    }
    if (--running_ == 0 && joining_ != nullptr)
        line_.where().post(*std::exchange(joining_, nullptr));
}

result<> scope::outcome() {
    if (thrown_)
        std::rethrow_exception(std::exchange(thrown_, nullptr));
    if (failed_.code() != 0)
        return fail(failed_);
    return {};
}

} // namespace rondo
