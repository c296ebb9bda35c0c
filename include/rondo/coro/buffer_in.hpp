// SPDX-License-Identifier: MIT
#pragma once

// buffer_in: waits until a pool has a buffer, for those whose operation was told ENOBUFS. First
// come, first served. One thread: the loop's, whose ring is the pool's.
//
//     auto lease = co_await op::recv{.fd = socket, .into = pool.choose()};
//     if (!lease && lease.error() == ENOBUFS)
//         co_await buffer_in(pool); // and once more
//
// Who holds the leases must go on meanwhile: a task that has them all itself waits for ever.

#include <rondo/coro/operation.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/ring/buffer_hook.hpp>

#include <coroutine>

namespace rondo {

class buffer_ring;

namespace detail {

/// A place in a pool's line that looks at the right time: at once when a buffer came back; after
/// the loop's next visit to the kernel when there may be one left by those before, whose operations
/// have taken theirs by then.
class buffer_turn : buffer_hook, timer {
public:
    /// Has pass_or_wait() called by something that it posts to the loop.
    using look_function = void (*)(buffer_turn& self) noexcept;

    buffer_turn(loop& on, buffer_ring& pool, look_function look) noexcept
        : buffer_hook(pool, &told), timer(&expired), on_(on), look_(look) {}
    ~buffer_turn() { leave(); }

    using buffer_hook::has_pool;
    using buffer_hook::is_in_line;
    using buffer_hook::pass_or_wait;
    void leave() noexcept {
        on_.timers().disarm(*this);
        buffer_hook::leave();
    }

private:
    static void told(buffer_hook& h, news what) noexcept {
        auto& self = static_cast<buffer_turn&>(h);
        if (what == news::left_over)
            return self.on_.timers().arm(self, self.on_.now());
        self.on_.timers().disarm(self);
        self.look_(self);
    }
    static void expired(timer& t) noexcept {
        auto& self = static_cast<buffer_turn&>(t);
        self.look_(self);
    }

    loop& on_;
    look_function look_;
};

class buffer_awaiter final : work, buffer_turn {
public:
    buffer_awaiter(strand& line, buffer_ring& pool) noexcept
        : work(&resume, functions_of), buffer_turn(line.where(), pool, &look), line_(line) {}
    buffer_awaiter(buffer_awaiter const&) = delete;
    [[nodiscard]] bool await_ready() noexcept {
        passed_ = !line_.stop_requested() && pass_or_wait();
        return passed_ || !is_in_line();
    }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        line_.waits_for(this);
    }
    [[nodiscard]] result<> await_resume() const noexcept {
        if (!passed_)
            return fail(stopped_error());
        return {};
    }

private:
    static void resume(work& w) noexcept {
        auto& self = static_cast<buffer_awaiter&>(w);
        self.is_posted_ = false;
        self.passed_ = !self.line_.stop_requested() && self.pass_or_wait();
        if (!self.passed_ && !self.line_.stop_requested())
            return; // others were faster
        self.leave();
        self.line_.waits_for(nullptr);
        self.frame_.resume();
    }
    void post() noexcept {
        if (!is_posted_)
            line_.where().post(*this);
        is_posted_ = true;
    }
    static void look(buffer_turn& t) noexcept { static_cast<buffer_awaiter&>(t).post(); }
    static void stop_it(work& w) noexcept { static_cast<buffer_awaiter&>(w).post(); }
    static constexpr work_functions functions_of{&stop_it, "buffer_in"};

    strand& line_;
    std::coroutine_handle<> frame_;
    bool is_posted_ = false;
    bool passed_ = false;
};

} // namespace detail

/// What buffer_in() returns.
class [[nodiscard("co_await it")]] buffer_request {
public:
    explicit buffer_request(buffer_ring& pool) noexcept : pool_(pool) {}
    [[nodiscard]] detail::buffer_awaiter in(strand& line) const noexcept {
        return detail::buffer_awaiter(line, pool_);
    }

private:
    buffer_ring& pool_;
};

/// result<>. Goes on as soon as the kernel has a buffer of `pool`, or, of a sending pool, take()
/// has; at once if so already and nobody waits. It is not kept for anybody: an operation that is
/// faster may take it, and the next says ENOBUFS again. Whoever waits is told of one buffer each,
/// in order of arrival; a stop ends the wait with an error, and the next in line is told instead.
/// The pool is of the ring of the loop that the task runs on, and outlives the wait. Linux 5.19;
/// before 6.8 a buffer that a worker thread of the kernel's waits with counts as there.
[[nodiscard]] inline buffer_request buffer_in(buffer_ring& pool) noexcept {
    return buffer_request(pool);
}

} // namespace rondo
