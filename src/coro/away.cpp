// SPDX-License-Identifier: MIT
#include <rondo/coro/away.hpp>

#include <rondo/core/assert.hpp>

#include <utility>

namespace rondo::detail {

// Step "ask". The post is under the lock: a strand that is over, or has left, has taken the lock
// since, so that its loop still runs what is posted here.
void away_strand::ask() noexcept {
    lock_.take();
    if (where_ == &home_ || where_ == loop::current()) {
        bool const is_over = over_;
        lock_.let_go();
        if (!is_over)
            reach();
        return;
    }
    if (!over_ && !std::exchange(asked_, true)) {
        stop_is_out_ = true;
        bool const sent = where_->inbox().post(stop_);
        RONDO_ASSERT(sent, "a loop ended while a task of another one runs on it");
    }
    lock_.let_go();
}

// Step "end". The last to know of a stop on its way tells home: before, this must not go.
void away_strand::end() noexcept {
    left();
    lock_.take();
    over_ = true;
    bool const is_expected = stop_is_out_;
    lock_.let_go();
    if (!is_expected)
        tell_home();
}

void away_strand::tell_home() noexcept {
    bool const sent = home_.inbox().post(end_);
    RONDO_ASSERT(sent, "a loop ended while a task of its was away");
}

// Step "stop arrived". Reaching the strand resumes nothing in place, so it is not over yet.
void away_strand::stop_arrived() noexcept {
    lock_.take();
    stop_is_out_ = false;
    bool const is_over = over_;
    lock_.let_go();
    if (is_over)
        return tell_home();
    reach();
    if (std::exchange(held_up_, false))
        leave();
}

// Step "move". The message that follows is posted when the lock is let go, or the strand could be
// home, and this be gone, before.
away_strand::leaving away_strand::leave_for(loop& to, strand& what) noexcept {
    lock_.take();
    leaving answer = leaving::left;
    if (stop_is_out_) {
        held_up_ = true;
        answer = leaving::held_up;
    } else if (what.stop_requested()) {
        answer = leaving::stays;
    } else {
        left();
        where_ = &to;
        what.set_where(to);
    }
    lock_.let_go();
    return answer;
}

} // namespace rondo::detail
