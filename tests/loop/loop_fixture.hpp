// SPDX-License-Identifier: MIT
#pragma once

// What tests of the loop start from: an operation that counts how often it ran, and loops on the
// kernel, on the emulated engine and on simulations. One thread.

#include <rondo/engine/simulated.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace rondo::test {

/// What all operations of the tests have in common.
struct any_operation : completion {
    explicit any_operation(loop& on, completion_functions const& functions)
        : completion(functions), where(&on) {}
    virtual ~any_operation() = default;
    virtual void start() = 0;
    void cancel() { where->cancel(*this); }

    loop* where;
    int starts = 0;
    int runs = 0;
    std::int32_t result = 0;        ///< of the last run
    bool was_stopped = false;       ///< its end was wanted by then
    bool had_not_started = false;   ///< never_started() at that time
    std::vector<std::int32_t> more; ///< results of the completions that were not the last
    std::vector<any_operation*>* order = nullptr; ///< where it writes itself down when it runs
    std::function<void()> then;                   ///< is called when it has run

    static any_operation& self_of(work& w) noexcept { return static_cast<any_operation&>(w); }
    void ran() {
        ++runs;
        result = res();
        was_stopped = stop_was_wanted();
        had_not_started = never_started();
        set_idle();
        if (order != nullptr)
            order->push_back(this);
        if (then)
            then();
    }
    static void stop_it(work& w) noexcept { self_of(w).cancel(); }
    static void take_more(completion& c, abi::cqe const& e) noexcept {
        self_of(c).more.push_back(e.res);
        c.note(e);
    }
};

/// One operation of a loop, run like an awaiter would.
template <op::operation Op>
struct operation final : any_operation {
    operation(loop& on, Op const& o) : any_operation(on, functions_of), what(o) {}
    void start() override {
        ++starts;
        if (!where->start_at_once(*this, what))
            where->start(*this);
    }
    static void resume(work& w) noexcept { self_of(w).ran(); }
    static void fill(completion& c, submission_queue& to) noexcept {
        op::fill(to.reserve(), static_cast<operation&>(c).what, loop::user_data_of(c));
    }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, &resume, &fill, &take_more, 1, op::is_restartable<Op>};

    Op what;
};

/// A function that a loop is given to run.
struct posted final : work {
    explicit posted(std::function<void()> what) : work(&call, nothing), f(std::move(what)) {}
    static void call(work& w) noexcept { static_cast<posted&>(w).f(); }
    static void stop(work&) noexcept {}
    static constexpr work_functions nothing{&stop, "posted"};
    std::function<void()> f;
};

struct posted_item final : inbox_item {
    explicit posted_item(std::function<void()> what) : inbox_item(&call), f(std::move(what)) {}
    static void call(inbox_item& i) noexcept { static_cast<posted_item&>(i).f(); }
    std::function<void()> f;
};

struct called_timer final : timer {
    explicit called_timer(std::function<void()> what = {}) : timer(&call), f(std::move(what)) {}
    static void call(timer& t) noexcept { static_cast<called_timer&>(t).f(); }
    std::function<void()> f;
};

using testing::chances;
using testing::simulation;
using testing::simulation_options;

inline loop loop_of(simulation& s, loop_options options = {}) {
    options.ring.backend = &s.backend();
    return loop::create(options).or_throw("loop");
}

/// Tests for both engines; their loops have queues as small as they ask for.
class on_both : public ::testing::TestWithParam<engine::kind> {
protected:
    void SetUp() override {
        loop_options options{};
        options.ring.engine = GetParam();
        if (auto const made = loop::create(options); !made)
            GTEST_SKIP() << made.error().message().c_str();
    }
    static loop make(loop_options options = {}) {
        options.ring.engine = GetParam();
        return loop::create(options).or_throw("loop");
    }
    static loop make(std::uint32_t entries, std::uint32_t cq_entries, bool grows = true) {
        loop_options options{.grows = grows};
        options.ring.entries = entries;
        options.ring.cq_entries = cq_entries;
        return make(options);
    }
};

#define RONDO_LOOPS_ON_BOTH(suite)                                                                 \
    INSTANTIATE_TEST_SUITE_P(                                                                      \
        both, suite, ::testing::Values(engine::kernel, engine::emulated),                          \
        [](auto const& of) { return of.param == engine::kernel ? "kernel" : "emulated"; })

/// Runs the loop until `done` says so, for ten seconds at most.
inline void run_until(loop& on, std::function<bool()> const& done) {
    bool over = false;
    called_timer again;
    std::int64_t const limit = on.now() + 10'000'000'000;
    again.f = [&] {
        over = done() || on.now() > limit;
        if (!over)
            on.timers().arm(again, on.now() + 1'000'000);
    };
    again.f();
    while (!over)
        on.run_until(over).or_throw("run_until");
    on.timers().disarm(again);
    EXPECT_TRUE(done());
}

} // namespace rondo::test
