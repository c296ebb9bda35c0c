// SPDX-License-Identifier: MIT
// Loops: timers, and what wakes them from other threads, by messages and by an eventfd.
#include "loop_fixture.hpp"

#include <support/other_kernel.hpp>
#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

class timers_of_a_loop : public on_both {};
RONDO_LOOPS_ON_BOTH(timers_of_a_loop);

TEST_P(timers_of_a_loop, wake_it_in_order) {
    loop l = make();
    std::vector<int> order;
    std::int64_t const begin = l.now();
    called_timer third([&] { order.push_back(3); }), first([&] { order.push_back(1); }),
        second([&] {
            order.push_back(2);
            l.timers().disarm(third);
            l.timers().arm(third, begin + 5'000'000);
        });
    l.timers().arm(third, begin + 10'000'000'000);
    l.timers().arm(second, begin + 3'000'000);
    l.timers().arm(first, begin + 1'000'000);
    l.run().or_throw("run");
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_GE(l.now(), begin + 5'000'000);
    EXPECT_LT(l.now(), begin + 5'000'000'000);
    EXPECT_LE(l.statistics().enters, 12u);
    EXPECT_EQ(l.statistics().expired, 3u);
}

TEST_P(timers_of_a_loop, by_the_thousand_cost_one_wait) {
    loop l = make();
    int ran = 0;
    std::vector<std::unique_ptr<called_timer>> all;
    std::int64_t const due = l.now() + 5'000'000;
    for (int i = 0; i < 10'000; ++i) {
        all.push_back(std::make_unique<called_timer>([&] { ++ran; }));
        l.timers().arm(*all.back(), due + i % 7);
    }
    l.run().or_throw("run");
    EXPECT_EQ(ran, 10'000);
    EXPECT_LE(l.statistics().enters, 10u);
}

TEST_P(timers_of_a_loop, cost_nothing_when_there_are_none) {
    loop l = make();
    for (int i = 0; i < 100; ++i) {
        operation<op::nop> n(l, {});
        n.start();
        l.run().or_throw("run");
    }
    EXPECT_EQ(l.statistics().enters, 100u);
    EXPECT_EQ(l.statistics().expired, 0u);
}

TEST_P(timers_of_a_loop, start_and_end_operations) {
    pipe_pair const p;
    loop l = make(1, 1, false);
    char into[8];
    operation<op::read<>> r(l, op::read{.fd = p.out, .into = into});
    operation<op::nop> n(l, {});
    called_timer later([&] { r.cancel(); });
    called_timer sooner([&] {
        r.start();
        n.start();
        l.timers().arm(later, l.now() + 1'000'000);
    });
    l.timers().arm(sooner, l.now());
    l.run().or_throw("run");
    EXPECT_EQ(r.result, -ECANCELED);
    EXPECT_EQ(n.runs, 1);
}

TEST(timers_of_a_simulated_loop, keep_their_order_with_completions) {
    auto const found = testing::explore({}, 1'000, [](simulation& s) {
        loop l = loop_of(s);
        std::mt19937_64 dice(s.seed());
        std::vector<std::int64_t> at;
        std::vector<std::unique_ptr<called_timer>> timers;
        std::vector<std::unique_ptr<operation<op::timeout<>>>> waits;
        bool early = false;
        for (int i = 0; i < 50; ++i) {
            std::int64_t const due = static_cast<std::int64_t>(dice() % 5'000'000);
            timers.push_back(std::make_unique<called_timer>());
            timers.back()->f = [&, due, t0 = l.now()] {
                early = early || l.now() < t0 + due;
                at.push_back(t0 + due);
            };
            l.timers().arm(*timers.back(), l.now() + due);
            if (i % 5 == 0) {
                waits.push_back(std::make_unique<operation<op::timeout<>>>(
                    l, op::timeout{.when = op::moment(std::chrono::nanoseconds(due))}));
                waits.back()->start();
            }
        }
        std::int64_t const begin = s.now();
        l.run().or_throw("run");
        return !early && at.size() == 50 && std::is_sorted(at.begin(), at.end()) &&
               s.now() - begin < 10'000'000;
    });
    EXPECT_TRUE(found) << found.text();
}

TEST(timers_of_a_simulated_loop, may_be_years_away) {
    auto s = simulation::create().or_throw("simulation");
    loop l = loop_of(s);
    bool ran = false;
    called_timer t([&] { ran = true; });
    std::int64_t const year = 365LL * 24 * 3'600 * 1'000'000'000;
    l.timers().arm(t, l.now() + 10 * year);
    l.run().or_throw("run");
    EXPECT_TRUE(ran);
    EXPECT_LT(l.statistics().enters, 20u);
}

/// How a loop is woken.
struct waking {
    char const* name;
    engine::kind engine;
    bool by_message;
};

class a_sleeping_loop : public ::testing::TestWithParam<waking> {
protected:
    void SetUp() override {
        loop_options options{};
        options.ring.engine = GetParam().engine;
        if (!GetParam().by_message) {
            old_.lack(abi::register_op::query);
            old_.lack(abi::register_op::send_msg_ring);
            options.ring.backend = &old_;
        }
        auto made = loop::create(options);
        if (!made)
            GTEST_SKIP() << made.error().message().c_str();
        loop_.emplace(std::move(*made));
    }
    void TearDown() override { loop_.reset(); }

    other_kernel old_;
    std::optional<loop> loop_;
    bool over_ = false;
};
INSTANTIATE_TEST_SUITE_P(ways, a_sleeping_loop,
                         ::testing::Values(waking{"message", engine::kernel, true},
                                           waking{"message_emulated", engine::emulated, true},
                                           waking{"eventfd", engine::kernel, false}),
                         [](auto const& of) { return of.param.name; });

TEST_P(a_sleeping_loop, is_woken_by_a_post) {
    loop& l = *loop_;
    for (int i = 0; i < 100; ++i) {
        bool done = false;
        auto const self = std::this_thread::get_id();
        posted_item item([&] {
            EXPECT_EQ(std::this_thread::get_id(), self);
            done = true;
        });
        std::thread other([&] {
            if (i % 4 == 0)
                std::this_thread::sleep_for(1ms);
            EXPECT_TRUE(l.inbox().post(item));
        });
        l.run_until(done).or_throw("run_until");
        other.join();
    }
    EXPECT_GT(l.statistics().wake_ups, 0u);
}

TEST_P(a_sleeping_loop, is_woken_once_for_a_batch) {
    loop& l = *loop_;
    constexpr int threads = 4, posts = 2'000;
    std::atomic<int> left = threads * posts;
    bool done = false;
    std::vector<std::unique_ptr<posted_item>> items;
    for (int i = 0; i < threads * posts; ++i)
        items.push_back(std::make_unique<posted_item>([&] { done = --left == 0; }));
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            for (int i = 0; i < posts; ++i)
                EXPECT_TRUE(l.inbox().post(*items[static_cast<std::size_t>(t * posts + i)]));
        });
    l.run_until(done).or_throw("run_until");
    for (std::thread& t : all)
        t.join();
    EXPECT_EQ(left, 0);
    loop_statistics const s = l.statistics();
    EXPECT_LE(s.wake_ups, s.enters);
}

TEST_P(a_sleeping_loop, is_not_woken_by_its_own_posts) {
    loop& l = *loop_;
    int left = 100;
    inbox_item* self = nullptr;
    posted_item item([&] {
        if (--left > 0) {
            EXPECT_TRUE(l.inbox().post(*self));
        }
    });
    self = &item;
    ASSERT_TRUE(l.inbox().post(item));
    l.run().or_throw("run");
    EXPECT_EQ(left, 0);
    EXPECT_EQ(l.statistics().wake_ups, 0u);
}

TEST_P(a_sleeping_loop, starts_and_cancels_what_others_ask_for) {
    loop& l = *loop_;
    pipe_pair const p;
    char into[8];
    bool done = false;
    operation<op::read<>> r(l, op::read{.fd = p.out, .into = into});
    r.then = [&] { done = true; };
    for (int i = 0; i < 50; ++i) {
        posted_item start([&] { r.start(); }), stop([&] { r.cancel(); });
        std::thread other([&] {
            EXPECT_TRUE(l.inbox().post(start));
            if (i % 2 == 0)
                std::this_thread::sleep_for(200us);
            EXPECT_TRUE(l.inbox().post(stop));
        });
        done = false;
        l.run_until(done).or_throw("run_until");
        other.join();
        l.run().or_throw("run"); // the other item, if it is left
    }
    EXPECT_EQ(r.runs, 50);
}

TEST_P(a_sleeping_loop, may_be_ended_by_an_item) {
    auto item = std::make_unique<posted_item>([this] { over_ = true; });
    std::thread other([&] { EXPECT_TRUE(loop_->inbox().post(*item)); });
    loop_->run_until(over_).or_throw("run_until");
    loop_.reset(); // while post() may still be on its way out
    other.join();
}

TEST(a_loop_that_is_refused, by_the_kernel_for_a_while_loses_nothing) {
    faulty_kernel kernel;
    loop_options options{};
    options.ring = {.entries = 2, .cq_entries = 2, .backend = &kernel};
    loop l = loop::create(options).or_throw("loop");
    pipe_pair const p;
    char into[8];
    std::vector<std::unique_ptr<operation<op::read<>>>> all;
    std::mt19937_64 dice(1);
    for (int i = 0; i < 100; ++i) {
        all.push_back(
            std::make_unique<operation<op::read<>>>(l, op::read{.fd = p.out, .into = into}));
        all.back()->start();
    }
    int const codes[] = {EAGAIN, EBUSY, EINTR, 0};
    for (int i = 0; i < 500; ++i)
        kernel.faults.push_back({codes[dice() % 4], static_cast<std::uint32_t>(dice() % 2)});
    called_timer t([&] {
        for (auto const& r : all)
            r->cancel();
    });
    l.timers().arm(t, l.now() + 2'000'000);
    l.run().or_throw("run");
    for (auto const& r : all)
        EXPECT_EQ(r->runs, 1);
}

TEST(a_loop_whose_ring_fails, tells_it_and_goes_on_when_it_works_again) {
    faulty_kernel kernel;
    loop_options options{};
    options.ring.backend = &kernel;
    loop l = loop::create(options).or_throw("loop");
    operation<op::nop> n(l, {});
    n.start();
    kernel.faults.push_back({EOPNOTSUPP});
    auto const went = l.run();
    ASSERT_FALSE(went);
    EXPECT_EQ(went.error(), EOPNOTSUPP);
    EXPECT_EQ(n.runs, 0);
    l.run().or_throw("run");
    EXPECT_EQ(n.runs, 1);
}

} // namespace
} // namespace rondo::test
