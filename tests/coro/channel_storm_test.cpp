// SPDX-License-Identifier: MIT
// Coroutines that wait for one another, by chance, on simulated kernels: on one loop, or on two
// that take turns. Whatever is stopped, late or closed, every value that was sent is received once,
// every other one stays with its owner, and nobody is left waiting.
#include <rondo/coro/barrier.hpp>
#include <rondo/coro/channel.hpp>
#include <rondo/coro/event.hpp>
#include <rondo/coro/mutex.hpp>
#include <rondo/coro/semaphore.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/engine/simulated.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using testing::chances;
using testing::explore;
using testing::findings;
using testing::simulation;

void require(bool what, char const* text) {
    if (!what)
        throw std::runtime_error(text);
}

/// One that must not get lost.
struct parcel {
    parcel(std::size_t number, int& count) : id(number), alive(&count) { ++count; }
    parcel(parcel const&) = delete;
    ~parcel() { --*alive; }
    std::size_t id;
    int* alive;
};
using owned = std::unique_ptr<parcel>;

/// One program.
class storm {
public:
    explicit storm(simulation& s)
        : s_(s), dice_(s.seed()), two_loops_(dice(2) == 0), first_(make()), second_(make()),
          ends_(make_channel<owned>(a_capacity()).or_throw("channel")) {}

    void run() {
        for (unsigned n = dice(5) + 1; n > 0; --n)
            add(sends(ends_->tx));
        for (unsigned n = dice(5) + 1; n > 0; --n)
            add(receives(ends_->rx));
        for (unsigned n = dice(6); n > 0; --n)
            add(visits());
        for (unsigned n = dice(3); n > 0; --n)
            add(passes());
        add(closes());
        add(stops());
        go_on();
        check();
    }

private:
    struct player {
        explicit player(task<> t) : body(std::move(t)) {}
        task<> body;
        strand* line = nullptr; // until it is over
        storm* of = nullptr;
    };

    loop make() {
        loop_options options{};
        options.ring.entries = 8;
        options.ring.backend = &s_.backend();
        return loop::create(options).or_throw("loop");
    }
    unsigned dice(unsigned n) { return static_cast<unsigned>(dice_() % n); }
    std::chrono::microseconds a_while() { return std::chrono::microseconds(dice(300)); }
    std::size_t a_capacity() {
        constexpr std::size_t all[] = {0, 0, 1, 2, 5, unbounded};
        return all[dice(6)];
    }

    void add(task<> body) {
        player& p = players_.emplace_back(std::move(body));
        auto& promise = p.body.promise();
        p.line = &promise.own;
        p.of = this;
        ++running_;
        detail::begin_strand(
            promise, two_loops_ && dice(2) == 0 ? second_ : first_,
            [](detail::task_promise_base& self) noexcept {
                auto& gone = *static_cast<player*>(self.owner);
                gone.line = nullptr;
                gone.of->over_ = --gone.of->running_ == 0;
            },
            &p);
    }
    void go_on() {
        over_ = running_ == 0;
        if (!two_loops_)
            return first_.run_until(over_).or_throw("run");
        for (int turns = 0; !over_; ++turns) {
            require(turns < 20'000, "somebody is left waiting");
            first_.run_ready().or_throw("first");
            second_.run_ready().or_throw("second");
            s_.pass(20'000);
        }
    }
    void check() {
        for (player& p : players_)
            p.body.base()->take();
        while (auto const left = ends_->rx.try_receive())
            ++received_[(*left)->id];
        ends_.reset();
        for (std::size_t i = 0; i < sent_.size(); ++i)
            require(received_[i] == (sent_[i] ? 1 : 0), "a value was not received once");
        require(alive_ == 0, "a value is still alive");
        require(permits_.available() == 3, "a permit was lost");
        require(mutex_.try_lock().has_value(), "the mutex is held");
        require(inside_ == 0, "somebody is still inside");
    }

    task<> sends(sender<owned> tx) {
        for (unsigned n = dice(30); n > 0; --n) {
            std::size_t const id = sent_.size();
            sent_.push_back(false);
            received_.push_back(0);
            auto value = std::make_unique<parcel>(id, alive_);
            result<> sent;
            if (unsigned const how = dice(4); how == 0)
                sent = tx.try_send(std::move(value));
            else if (how == 1)
                sent = co_await timeout(tx.send(std::move(value)), a_while());
            else
                sent = co_await tx.send(std::move(value));
            // NOLINTNEXTLINE(bugprone-use-after-move): it is moved away only when it is sent
            require(sent.has_value() == (value == nullptr), "a value was lost by its sender");
            sent_[id] = sent.has_value();
            if (!sent && (sent.error().stopped() || sent.error().why() == cause::ended))
                co_return;
            if (dice(4) == 0)
                static_cast<void>(co_await sleep_for(a_while()));
        }
    }
    task<> receives(receiver<owned> rx) {
        for (;;) {
            result<owned> value = fail(0);
            if (unsigned const how = dice(4); how == 0)
                value = rx.try_receive();
            else if (how == 1)
                value = co_await timeout(rx.receive(), a_while());
            else
                value = co_await rx.receive();
            if (value)
                ++received_[(*value)->id];
            else if (value.error().stopped() || value.error().why() == cause::ended)
                co_return;
            if (dice(3) == 0 && !co_await sleep_for(a_while()))
                co_return;
        }
    }
    task<> visits() {
        for (unsigned n = dice(10); n > 0; --n) {
            unsigned const wanted = dice(3) + 1;
            result<semaphore::permit> permit = fail(0);
            if (dice(2) == 0)
                permit = co_await timeout(permits_.acquire(wanted), a_while());
            else
                permit = co_await permits_.acquire(wanted);
            if (permit) {
                inside_ += static_cast<int>(wanted);
                require(inside_ <= 3, "more are inside than there are permits");
                static_cast<void>(co_await sleep_for(a_while()));
                inside_ -= static_cast<int>(wanted);
            }
            result<mutex::guard> held = fail(0);
            if (dice(2) == 0)
                held = co_await timeout(mutex_.lock(), a_while());
            else
                held = co_await mutex_.lock();
            if (held) {
                require(!std::exchange(alone_, true), "two hold the mutex");
                static_cast<void>(co_await sleep_for(a_while()));
                alone_ = false;
            }
        }
    }
    task<> passes() {
        for (int i = 0; i < 5; ++i) {
            result<> passed;
            if (dice(2) == 0)
                passed = co_await timeout(meeting_.arrive_and_wait(), a_while());
            else
                passed = co_await event_.wait();
            if (!passed && passed.error().stopped())
                co_return;
        }
    }
    task<> closes() {
        static_cast<void>(co_await sleep_for(a_while() * 20));
        event_.set();
        if (dice(2) == 0)
            ends_->tx.close();
        else
            ends_->rx.close();
    }
    task<> stops() {
        for (unsigned n = dice(6); n > 0; --n) {
            static_cast<void>(co_await sleep_for(a_while() * 3));
            // The one that closes goes on by itself, and this one ends by itself.
            if (player const& p = players_[dice(static_cast<unsigned>(players_.size()))]; p.line)
                p.line->request_stop();
        }
    }

    simulation& s_;
    std::mt19937_64 dice_;
    bool two_loops_;
    loop first_;
    loop second_;
    mutex mutex_;
    semaphore permits_{3};
    event event_;
    barrier meeting_{2};
    std::vector<bool> sent_;
    std::vector<int> received_;
    int alive_ = 0;
    int inside_ = 0;
    bool alone_ = false;
    int running_ = 0;
    bool over_ = false;
    std::optional<channel_ends<owned>> ends_;
    std::deque<player> players_;
};

class coro_storm : public ::testing::TestWithParam<bool> {};

TEST_P(coro_storm, loses_no_value_and_leaves_nobody_waiting) {
    chances const how = GetParam() ? chances::hostile() : chances{};
    findings const found = explore({.how = how}, 1'500, [](simulation& s) {
        storm(s).run();
        return true;
    });
    EXPECT_TRUE(found) << found.text();
}

INSTANTIATE_TEST_SUITE_P(seeds, coro_storm, ::testing::Values(false, true),
                         [](auto const& of) { return of.param ? "hostile" : "usual"; });

} // namespace
} // namespace rondo
