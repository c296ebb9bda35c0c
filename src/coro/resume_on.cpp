// SPDX-License-Identifier: MIT
#include <rondo/coro/resume_on.hpp>

#include <rondo/core/assert.hpp>
#include <rondo/coro/away.hpp>
#include <rondo/coro/operation.hpp>
#include <rondo/coro/task.hpp>

#include <cerrno>
#include <cstddef>
#include <new>
#include <type_traits>

namespace rondo {
namespace detail {

/// A strand from when it leaves the loop that it began on until it is back there, or over; then it
/// destroys itself. In its task's promise it takes the place of who waits for the end.
class excursion final : public away_strand {
public:
    /// Of a strand that is away.
    static excursion& of(strand& line) noexcept {
        return *static_cast<excursion*>(promise_of(line).owner);
    }
    /// Null: there is no memory for it.
    static excursion* begin(strand& line) noexcept { return new (std::nothrow) excursion(line); }

    /// The strand's thread.
    void set_out(move_awaiter& who) noexcept {
        traveller_ = &who;
        leave();
    }
    /// The strand's new thread.
    static void arrive(move_awaiter& who) noexcept {
        strand& line = who.line_;
        excursion& self = of(line);
        self.came();
        if (&line.where() == &self.home())
            self.dissolve();
        who.go_on();
    }

private:
    explicit excursion(strand& line) noexcept
        : away_strand(line.where(), line.where()), line_(line), done_(promise_of(line).done),
          owner_(promise_of(line).owner) {
        task_promise_base& p = promise_of(line);
        RONDO_ASSERT(done_ != nullptr, "a strand that is no task's was moved to another loop");
        p.done = &over;
        p.owner = this;
        line.away_ = true;
    }
    ~excursion() = default;

    /// Every strand that runs is a task's own.
    static task_promise_base& promise_of(strand& line) noexcept {
        static_assert(std::is_standard_layout_v<task_promise_base>);
        return *reinterpret_cast<task_promise_base*>(reinterpret_cast<std::byte*>(&line) -
                                                     offsetof(task_promise_base, own));
    }
    static void over(task_promise_base& p) noexcept { static_cast<excursion*>(p.owner)->end(); }
    void dissolve() noexcept {
        task_promise_base& p = promise_of(line_);
        p.done = done_;
        p.owner = owner_;
        line_.set_where(home());
        line_.away_ = false;
        delete this;
    }

    void reach() noexcept override { line_.stop_here(); }
    void leave() noexcept override {
        move_awaiter& who = *traveller_;
        loop& to = who.to_;
        switch (leave_for(to, line_)) {
        case leaving::left: {
            bool const sent = to.inbox().post(who);
            RONDO_ASSERT(sent, "a strand was moved to a loop that has ended");
            return;
        }
        case leaving::stays: return who.go_on();
        case leaving::held_up: return;
        }
    }
    void back() noexcept override {
        task_promise_base& p = promise_of(line_);
        dissolve();
        p.done(p);
    }

    strand& line_;
    task_promise_base::done_function done_;
    void* owner_;
    move_awaiter* traveller_ = nullptr; // the strand's thread's
};

move_awaiter::move_awaiter(strand& line, loop& to) noexcept
    : work(&set_out, functions_of), inbox_item(&arrived), line_(line), to_(to) {
    RONDO_ASSERT(line.scopes_ == 0 || &line.where() == &to || line.stop_requested(),
                 "a strand with an open scope was moved to another loop; join the scope first");
}

void move_awaiter::set_out(work& w) noexcept {
    auto& self = static_cast<move_awaiter&>(w);
    if (self.line_.stop_requested())
        return self.go_on();
    if (self.line_.away_)
        return excursion::of(self.line_).set_out(self);
    excursion* const e = excursion::begin(self.line_);
    if (e != nullptr)
        return e->set_out(self);
    self.no_memory_ = true;
    self.go_on();
}

void move_awaiter::arrived(inbox_item& m) noexcept {
    excursion::arrive(static_cast<move_awaiter&>(m));
}

result<> move_awaiter::await_resume() const noexcept {
    if (&line_.where() == &to_)
        return {};
    return no_memory_ ? fail(ENOMEM, attempt::allocate) : fail(stopped_error());
}

} // namespace detail

void strand::ask_where_it_is() noexcept { detail::excursion::of(*this).ask(); }

} // namespace rondo
