// SPDX-License-Identifier: MIT
// latency_histogram: exact buckets, by the virtual clock of a simulation.
#include "loop_fixture.hpp"

#include <rondo/coro/chain.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/loop/latency_histogram.hpp>
#include <rondo/loop/orphan.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {
namespace {

/// Nothing happens by chance, and calls take no time: it passes when the test says so.
simulation steady() {
    return simulation::create({.how = chances::calm(), .call_ns = 0}).or_throw("simulation");
}

/// A loop that is measured.
struct measured {
    simulation sim = steady();
    latency_histogram took;
    std::pair<unique_fd, unique_fd> ends = sim.pipe().or_throw("pipe");
    loop_options options;
    loop l = [&] {
        took.attach(options);
        return loop_of(sim, options);
    }();

    void one_that_takes(std::int64_t ns) {
        operation<op::nop> n(l, {});
        n.start();
        sim.pass(ns);
        l.run().or_throw("run");
        EXPECT_EQ(n.runs, 1);
    }
};

TEST(a_latency_histogram, has_buckets_of_powers_of_two) {
    EXPECT_EQ(latency_histogram::bucket_of(0), 0u);
    EXPECT_EQ(latency_histogram::bucket_of(1), 1u);
    EXPECT_EQ(latency_histogram::bucket_of(2), 2u);
    EXPECT_EQ(latency_histogram::bucket_of(3), 2u);
    EXPECT_EQ(latency_histogram::bucket_of(1'000'000'000), 30u);
    EXPECT_EQ(latency_histogram::most_ns_of(0), 0);
    EXPECT_EQ(latency_histogram::most_ns_of(30), (std::int64_t{1} << 30) - 1);
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
        EXPECT_EQ(latency_histogram::bucket_of(latency_histogram::most_ns_of(i)), i);
}

TEST(a_latency_histogram, of_nothing_says_nothing) {
    measured m;
    m.l.run().or_throw("run");
    EXPECT_EQ(m.took.count(), 0u);
    EXPECT_EQ(m.took.p50_ns(), 0);
    EXPECT_EQ(m.took.p99_ns(), 0);
    EXPECT_EQ(m.took.max_ns(), 0);
}

TEST(a_latency_histogram, counts_each_operation_in_the_bucket_of_its_time) {
    measured m;
    for (std::int64_t const ns : {0, 1, 2, 3, 4, 1'000, 1'023, 1'024, 1'000'000})
        m.one_that_takes(ns);
    std::map<std::size_t, std::uint64_t> seen;
    for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
        if (m.took.count_of(i) != 0)
            seen[i] = m.took.count_of(i);
    std::map<std::size_t, std::uint64_t> const expected{{0, 1},  {1, 1},  {2, 2}, {3, 1},
                                                        {10, 2}, {11, 1}, {20, 1}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(m.took.count(), 9u);
    EXPECT_EQ(m.took.max_ns(), 1'000'000);
    EXPECT_EQ(m.took.missed(), 0u);
}

TEST(a_latency_histogram, answers_with_the_end_of_the_bucket_or_the_longest_time) {
    measured m;
    for (int i = 0; i < 98; ++i)
        m.one_that_takes(100); // 64 to 127
    m.one_that_takes(5'000);   // 4096 to 8191
    EXPECT_EQ(m.took.p50_ns(), 127);
    EXPECT_EQ(m.took.p99_ns(), 5'000); // the 99th of 99
    m.one_that_takes(70'000);
    EXPECT_EQ(m.took.p99_ns(), 8'191); // the 99th of 100
    EXPECT_EQ(m.took.quantile_ns(1'000), 70'000);
    EXPECT_EQ(m.took.quantile_ns(0), 127);
    EXPECT_EQ(m.took.max_ns(), 70'000);
}

TEST(a_latency_histogram, times_many_at_once_each_by_itself) {
    measured m;
    std::vector<std::unique_ptr<operation<op::nop>>> all;
    for (int i = 0; i < 1'000; ++i) {
        all.push_back(std::make_unique<operation<op::nop>>(m.l, op::nop{}));
        all.back()->start();
        m.sim.pass(1);
    }
    // Those that found room began 1 ns after another, the rest when it was there.
    m.sim.pass(100);
    m.l.run().or_throw("run");
    EXPECT_EQ(m.took.count(), 1'000u);
    EXPECT_EQ(m.took.max_ns(), 1'100);
    EXPECT_EQ(m.took.missed(), 0u);
    EXPECT_EQ(m.took.count_of(0), m.l.statistics().starved);
}

TEST(a_latency_histogram, does_not_count_what_the_kernel_never_heard_of) {
    simulation sim = steady();
    latency_histogram took;
    loop_options options;
    options.most_in_flight = 1;
    took.attach(options);
    loop l = loop_of(sim, options);
    operation<op::nop> first(l, {});
    operation<op::nop> waits(l, {});
    first.start();
    waits.start();
    waits.cancel();
    sim.pass(7);
    l.run().or_throw("run");
    EXPECT_TRUE(waits.had_not_started);
    EXPECT_EQ(took.count(), 1u);
    EXPECT_EQ(took.max_ns(), 7);
}

TEST(a_latency_histogram, counts_cancelled_ones_and_orphans_until_their_end) {
    measured m;
    char c;
    operation<op::read<>> r(m.l, op::read{.fd = m.ends.first.get(), .into = std::span(&c, 1)});
    r.start();
    m.l.orphan(op::nop{}).or_throw("orphan");
    m.sim.pass(10);
    m.l.run_ready().or_throw("turn");
    EXPECT_EQ(m.took.count(), 1u);
    m.sim.pass(90);
    r.cancel();
    m.l.run().or_throw("run");
    EXPECT_EQ(r.result, -ECANCELED);
    EXPECT_EQ(m.took.count(), 2u);
    EXPECT_EQ(m.took.max_ns(), 100);
}

// The read waits for its byte, and the nop behind it for the read.
TEST(a_latency_histogram, counts_each_operation_of_a_chain) {
    measured m;
    auto const links = [&]() -> task<> {
        char byte = 0;
        op::read const reading{.fd = m.ends.first.get(), .into = std::span(&byte, 1)};
        auto const [first, second, third] = co_await op::link(op::nop{}, reading, op::nop{});
        EXPECT_TRUE(first && second && third);
    };
    auto const writes = [&]() -> task<> {
        (co_await sleep_for(std::chrono::nanoseconds(1'000))).or_throw("sleep");
        op::write const writing{.fd = m.ends.second.get(), .from = std::string_view("x")};
        (co_await writing).or_throw("write");
    };
    auto const body = [&]() -> task<> { co_await when_all(links(), writes()); };
    sync_wait(m.l, body());
    EXPECT_EQ(m.took.count(), 4u);
    EXPECT_EQ(m.took.missed(), 0u);
    EXPECT_EQ(m.took.count_of(0), 2u); // the first nop and the write take no time
    EXPECT_EQ(m.took.count_of(latency_histogram::bucket_of(1'000)), 2u);
}

TEST(a_latency_histogram, lets_the_trace_that_was_there_be_told) {
    simulation sim = steady();
    latency_histogram took;
    std::vector<std::string> seen;
    loop_options options;
    options.trace_argument = &seen;
    options.trace = [](void* to, loop_event const& e) {
        static_cast<std::vector<std::string>*>(to)->push_back(std::string(e.name) + "@" +
                                                              std::to_string(e.at_ns));
    };
    took.attach(options);
    loop l = loop_of(sim, options);
    operation<op::nop> n(l, {});
    std::int64_t const now = sim.now();
    n.start();
    sim.pass(5);
    l.run().or_throw("run");
    EXPECT_EQ(seen, (std::vector{"nop@" + std::to_string(now), "nop@" + std::to_string(now + 5)}));
    EXPECT_EQ(took.count(), 1u);
}

TEST(a_latency_histogram, adds_what_others_counted_and_forgets_when_told) {
    measured one;
    measured two;
    one.one_that_takes(3);
    two.one_that_takes(3);
    two.one_that_takes(300);
    one.took.add(two.took);
    EXPECT_EQ(one.took.count(), 3u);
    EXPECT_EQ(one.took.count_of(2), 2u);
    EXPECT_EQ(one.took.max_ns(), 300);
    one.took.clear();
    EXPECT_EQ(one.took.count(), 0u);
    EXPECT_EQ(one.took.max_ns(), 0);
    one.one_that_takes(9);
    EXPECT_EQ(one.took.p99_ns(), 9);
}

// Ends in any order leave the table of those in flight without a trace of them.
TEST(a_latency_histogram, finds_each_of_many_that_end_in_any_order) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        simulation sim =
            simulation::create({.seed = seed, .how = {.worker = 0.5}}).or_throw("simulation");
        struct tally {
            std::map<completion const*, std::int64_t> since;
            std::array<std::uint64_t, latency_histogram::bucket_count> buckets{};
        } mine;
        latency_histogram took;
        loop_options options;
        options.trace_argument = &mine;
        options.trace = [](void* to, loop_event const& e) {
            auto& t = *static_cast<tally*>(to);
            if (e.what == loop_event::kind::started)
                t.since[e.which] = e.at_ns;
            else if (e.what == loop_event::kind::completed)
                ++t.buckets[latency_histogram::bucket_of(e.at_ns - t.since[e.which])];
        };
        took.attach(options);
        loop l = loop_of(sim, options);
        std::vector<std::unique_ptr<operation<op::nop>>> all;
        int left = 2'000;
        for (int i = 0; i < 150; ++i) {
            all.push_back(std::make_unique<operation<op::nop>>(l, op::nop{}));
            all.back()->then = [&, self = all.back().get()] {
                if (--left > 0)
                    self->start();
            };
            all.back()->start();
        }
        l.run().or_throw("run");
        for (std::size_t i = 0; i < latency_histogram::bucket_count; ++i)
            EXPECT_EQ(took.count_of(i), mine.buckets[i]) << "seed " << seed << ", bucket " << i;
    }
}

} // namespace
} // namespace rondo::test
