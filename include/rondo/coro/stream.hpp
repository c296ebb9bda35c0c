// SPDX-License-Identifier: MIT
#pragma once

// stream: an operation that completes many times, as values to be awaited one after another.
//
//     stream accepted(co_await this_strand(), op::accept_stream{.fd = listening});
//     for (;;) {
//         auto one = co_await accepted.next();
//         ...
//     }
//
// It starts with the first next(), and again when the kernel ended it and more is asked for. What
// arrives before it is asked for is kept; from `most` such values on the operation is cancelled
// until they are taken. One thread: the loop's; one task at a time.
//
// A stream that is given the pool which its operation chooses buffers from survives that it runs
// dry: next() then waits until a lease of anybody's has ended, first come, first served, and the
// operation is started again. Without the pool next() says ENOBUFS, as it must where the task
// itself holds the leases.
//
//     stream received(line, op::recv_stream{.fd = socket, .into = pool.choose()}, pool);

#include <rondo/coro/buffer_in.hpp>
#include <rondo/coro/operation.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/loop/orphan.hpp>
#include <rondo/op/lease.hpp>
#include <rondo/op/modifier.hpp>

#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rondo {
namespace detail {

template <class Op>
concept receives_into_leases = std::is_same_v<typename Op::value_type, buffer_lease> &&
                               requires(typename op::unwrapped<Op>::type const& o) { o.into; };

/// The operation of a stream, which may outlive it: then the loop waits for its end.
template <op::operation Op>
class flow final : public orphan {
public:
    using value = result<typename Op::value_type>;

    flow(loop& on, Op const& o, std::size_t most) : orphan(functions_of), on_(on), op_(o) {
        most_ = most;
        arriving_.reserve(16);
        arrived_.reserve(16);
    }
    void wait_for_buffers_of(buffer_ring& pool) noexcept { turn_.emplace(*this, pool); }

    [[nodiscard]] bool has_value() noexcept {
        if (taken_ == arrived_.size()) {
            arrived_.clear();
            taken_ = 0;
            arrived_.swap(arriving_);
        }
        return taken_ != arrived_.size();
    }
    [[nodiscard]] value take() noexcept { return std::move(arrived_[taken_++]); }
    [[nodiscard]] std::size_t kept() const noexcept {
        return arriving_.size() + arrived_.size() - taken_;
    }
    void go_on() noexcept {
        if (!is_idle() || (starved_ && !turn_->pass_or_wait()))
            return;
        starved_ = false;
        begin_on(on_);
    }
    /// Nobody waits for it: others are to have the buffers.
    void stand_back() noexcept {
        if (turn_)
            turn_->leave();
    }
    void stop_waiting() noexcept {
        if (is_idle())
            wake();
        else
            on_.cancel(*this);
    }
    void waiter(work* w) noexcept {
        RONDO_ASSERT(waiter_ == nullptr, "a stream was awaited by two tasks at once");
        waiter_ = w;
    }
    [[nodiscard]] loop& where() const noexcept { return on_; }
    /// The stream is gone.
    void abandon() noexcept {
        turn_.reset();
        if (is_idle()) {
            delete this;
            return;
        }
        abandoned_ = true;
        belong_to(on_);
        on_.cancel(*this);
    }

private:
    class turn final : public buffer_turn {
    public:
        turn(flow& of, buffer_ring& pool) noexcept : buffer_turn(of.on_, pool, &look), of_(of) {}

    private:
        static void look(buffer_turn& t) noexcept { static_cast<turn&>(t).of_.wake(); }

        flow& of_;
    };

    static flow& self_of(work& w) noexcept { return static_cast<flow&>(w); }
    static void resume(work& w) noexcept {
        flow& self = self_of(w);
        bool const cancelled = self.stop_was_wanted() && ended_by_stop<Op>(self.res());
        self.starved_ = self.res() == -ENOBUFS && self.turn_ && self.turn_->has_pool();
        if (cancelled || self.starved_) // but what came with it, such as a buffer, goes back
            static_cast<void>(op::value_of(self.op_, self.outcome()));
        else
            self.keep(self.outcome());
        if (self.abandoned_) {
            self.leave();
            delete &self;
            return;
        }
        self.set_idle();
        self.wake();
    }
    static void fill(completion& c, submission_queue& to) noexcept {
        op::fill(to.reserve(), self_of(c).op_, loop::user_data_of(c));
    }
    static void more(completion& c, abi::cqe const& e) noexcept {
        flow& self = self_of(c);
        self.keep(e);
        if (self.kept() >= self.most_ && self.waiter_ == nullptr && !self.abandoned_)
            self.on_.cancel(self);
        self.wake();
    }
    void keep(abi::cqe const& c) noexcept {
        if (abandoned_)
            static_cast<void>(op::value_of(op_, c)); // owns what came, and gives it back
        else
            arriving_.push_back(op::value_of(op_, c));
    }
    void wake() noexcept {
        if (work* const w = std::exchange(waiter_, nullptr); w != nullptr)
            on_.post(*w);
    }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, &resume, &fill, &more};

    loop& on_;
    Op op_;
    std::size_t most_;
    std::size_t taken_ = 0;
    std::vector<value> arrived_; // taken_ of it were taken
    std::vector<value> arriving_;
    work* waiter_ = nullptr;
    std::optional<turn> turn_; // for a buffer, when it was starved
    bool starved_ = false;
    bool abandoned_ = false;
};

template <op::operation Op>
class stream_awaiter final : work {
public:
    stream_awaiter(strand& line, flow<Op>& of) noexcept
        : work(&resume, functions_of), line_(line), flow_(of) {
        RONDO_ASSERT(&line.where() == &of.where(),
                     "a stream was awaited on another loop than the one it was made for");
    }
    stream_awaiter(stream_awaiter const&) = delete;
    [[nodiscard]] bool await_ready() const noexcept {
        return flow_.has_value() || line_.stop_requested();
    }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        frame_ = frame;
        wait();
    }
    [[nodiscard]] typename flow<Op>::value await_resume() noexcept {
        if (!flow_.has_value())
            return fail(stopped_error(op::attempt_of<Op>));
        return flow_.take();
    }

private:
    void wait() noexcept {
        line_.waits_for(this);
        flow_.waiter(this);
        flow_.go_on();
    }
    static void resume(work& w) noexcept {
        auto& self = static_cast<stream_awaiter&>(w);
        // The end of one that was cancelled because too much had come is not ours.
        if (!self.flow_.has_value() && !self.line_.stop_requested())
            return self.wait();
        self.line_.waits_for(nullptr);
        self.flow_.stand_back();
        self.frame_.resume();
    }
    static void stop_it(work& w) noexcept { static_cast<stream_awaiter&>(w).flow_.stop_waiting(); }
    static constexpr work_functions functions_of{&stop_it, Op::facts.name};

    strand& line_;
    flow<Op>& flow_;
    std::coroutine_handle<> frame_;
};

} // namespace detail

/// See the top of this file. Move-only. When it is destroyed the operation is cancelled, and what
/// arrives afterwards is given back; buffers that `o` names live until the loop has ended.
template <op::operation Op>
    requires op::is_stream<Op>
class stream {
public:
    using value_type = typename Op::value_type;

    /// Throws std::bad_alloc.
    stream(strand& line, Op const& o, std::size_t most = 1'024)
        : flow_(new detail::flow<Op>(line.where(), o, most)) {}
    /// One that waits for buffers: `o` receives into buffers that it chooses from `pool`, which
    /// outlives the stream. Its next() does not say ENOBUFS, not even where the socket itself does,
    /// as those of netlink when they lost something. A task that holds all leases of the pool and
    /// asks for more waits for ever. Throws std::bad_alloc.
    stream(strand& line, Op const& o, buffer_ring& pool, std::size_t most = 1'024)
        requires detail::receives_into_leases<Op>
        : stream(line, o, most) {
        flow_->wait_for_buffers_of(pool);
    }
    stream(stream&& other) noexcept : flow_(std::exchange(other.flow_, nullptr)) {}
    stream& operator=(stream&&) = delete;
    ~stream() {
        if (flow_ != nullptr)
            flow_->abandon();
    }

    class [[nodiscard("co_await it")]] next_request {
    public:
        explicit next_request(detail::flow<Op>& of) noexcept : flow_(of) {}
        [[nodiscard]] detail::stream_awaiter<Op> in(strand& line) const noexcept {
            return detail::stream_awaiter<Op>(line, flow_);
        }

    private:
        detail::flow<Op>& flow_;
    };
    /// co_await s.next(): the oldest value that was not taken, or the next. An error that ended the
    /// operation comes in its turn; to ask again afterwards starts it again.
    [[nodiscard]] next_request next() noexcept { return next_request(*flow_); }
    /// Values that have arrived and were not taken.
    [[nodiscard]] std::size_t ready() const noexcept { return flow_->kept(); }

private:
    detail::flow<Op>* flow_;
};

} // namespace rondo
