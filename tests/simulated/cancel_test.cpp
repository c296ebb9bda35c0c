// SPDX-License-Identifier: MIT
// Cancels that win, that lose, and that come too late.
#include "simulated_test.hpp"

#include <rondo/ring/sync_cancel.hpp>

#include <array>
#include <chrono>
#include <string_view>

namespace rondo::test {
namespace {

using op::cancel_match;
constexpr std::string_view text = "hello";

TEST(a_cancel, that_wins_ends_what_waits) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    ASSERT_TRUE(r.push(op::cancel{cancel_match::user_data(1)}, 2));
    auto const got = results(r, 2);
    EXPECT_EQ(got.at(1), -ECANCELED);
    EXPECT_EQ(got.at(2), 0);
}

TEST(a_cancel, that_finds_nothing_says_so) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    ASSERT_TRUE(r.push(op::cancel{cancel_match::user_data(1)}, 2));
    EXPECT_EQ(next(r).res, -ENOENT);
    ASSERT_TRUE(r.push(op::cancel{cancel_match::any()}, 2));
    EXPECT_EQ(next(r).res, 0);
}

/// A receive whose bytes are there when the cancel comes, but were not noticed yet.
std::map<std::uint64_t, std::int32_t> cancel_of_a_ready_read(double late) {
    simulation s = simulate(only(&chances::late_cancel, late));
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    std::array<char, 8> into{};
    EXPECT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    r.submit().or_throw("submit");
    EXPECT_TRUE(r.push(op::write{.fd = pipe.second, .from = text}, 3));
    EXPECT_TRUE(r.push(op::cancel{cancel_match::user_data(1)}, 2));
    auto const got = results(r, 3);
    EXPECT_EQ(got.at(3), 5);
    EXPECT_EQ(std::string_view(into.data()), got.at(1) >= 0 ? text : std::string_view());
    return got;
}

TEST(a_cancel, may_find_that_the_operation_was_faster) {
    auto const lost = cancel_of_a_ready_read(1);
    EXPECT_EQ(lost.at(1), 5);
    EXPECT_EQ(lost.at(2), -ENOENT);
    auto const won = cancel_of_a_ready_read(0);
    EXPECT_EQ(won.at(1), -ECANCELED);
    EXPECT_EQ(won.at(2), 0);
}

/// A cancel of a write that a worker has: the write's result and the cancel's.
std::pair<int, int> cancel_of_work(double begun, std::uint64_t seed) {
    simulation_options options = only(&chances::busy_worker, begun, seed);
    simulation s = simulate(options);
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 0);
    EXPECT_TRUE(r.push(op::async(op::write{.fd = file, .from = text, .at = 0}), 1));
    EXPECT_TRUE(r.push(op::cancel{cancel_match::user_data(1)}, 2));
    auto const got = results(r, 2);
    // What was written is there, and what was cancelled is not.
    EXPECT_EQ(s.read_text("/file"), got.at(1) == 5 ? text : std::string_view());
    return {got.at(1), got.at(2)};
}

TEST(a_cancel, takes_back_what_no_worker_has_begun) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(cancel_of_work(0, seed), std::pair(-ECANCELED, 0)) << seed;
}

TEST(a_cancel, comes_too_late_for_what_a_worker_has_begun) {
    int finished = 0, interrupted = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        auto const [write, cancel] = cancel_of_work(1, seed);
        EXPECT_EQ(cancel, -EALREADY) << seed;
        finished += write == 5 ? 1 : 0;
        interrupted += write == -ECANCELED ? 1 : 0;
    }
    EXPECT_EQ(finished + interrupted, 40);
    EXPECT_GT(finished, 5); // both come
    EXPECT_GT(interrupted, 5);
}

TEST(a_cancel, of_all_on_a_descriptor_counts_them) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const one = s.pipe().or_throw("pipe"), other = s.pipe().or_throw("pipe");
    char into[8];
    for (std::uint64_t i = 1; i <= 3; ++i)
        ASSERT_TRUE(r.push(op::read{.fd = one.first, .into = into}, i));
    ASSERT_TRUE(r.push(op::read{.fd = other.first, .into = into}, 4));
    ASSERT_TRUE(r.push(op::cancel{cancel_match::fd(one.first), true}, 5));
    auto const got = results(r, 4);
    EXPECT_EQ(got.at(5), 3);
    EXPECT_EQ(got.count(4), 0u);
    ASSERT_TRUE(r.push(op::cancel{cancel_match::code(abi::opcode::read)}, 6));
    auto const rest = results(r, 2);
    EXPECT_EQ(rest.at(4), -ECANCELED);
    EXPECT_EQ(rest.at(6), 0);
}

TEST(a_cancel, without_a_submission_works_too) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    r.submit().or_throw("submit");
    EXPECT_TRUE(sync_cancel(r, op::cancel{cancel_match::user_data(1)}));
    EXPECT_EQ(next(r).res, -ECANCELED);
    EXPECT_EQ(sync_cancel(r, op::cancel{cancel_match::user_data(1)}).error(), ENOENT);
}

TEST(a_cancel, without_a_submission_waits_for_the_worker) {
    simulation s = simulate(only(&chances::busy_worker, 1));
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 0);
    ASSERT_TRUE(r.push(op::async(op::write{.fd = file, .from = text, .at = 0}), 1));
    r.submit().or_throw("submit");
    auto const done =
        sync_cancel(r, op::cancel{cancel_match::user_data(1)}, std::chrono::seconds(1));
    EXPECT_TRUE(done) << done.error().message().c_str();
    abi::cqe c{};
    ASSERT_TRUE(r.pop(c)); // it is over by then
    EXPECT_TRUE(c.res == 5 || c.res == -ECANCELED) << c.res;
}

TEST(a_link_timeout, cancels_what_takes_too_long_and_nothing_else) {
    using namespace std::chrono_literals;
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    op::link_timeout const limit{.when = 1ms};
    ASSERT_TRUE(r.push(op::link(op::read{.fd = pipe.first, .into = into}, limit), {1, 2}));
    std::int64_t const before = s.now();
    auto got = results(r, 2);
    EXPECT_EQ(got.at(1), -ECANCELED);
    EXPECT_EQ(got.at(2), -ETIME);
    EXPECT_GE(s.now() - before, 1'000'000);
    EXPECT_LT(s.now() - before, 1'100'000);
    EXPECT_TRUE(r.run(op::write{.fd = pipe.second, .from = text}));
    ASSERT_TRUE(r.push(op::link(op::read{.fd = pipe.first, .into = into}, limit), {1, 2}));
    got = results(r, 2);
    EXPECT_EQ(got.at(1), 5);
    EXPECT_EQ(got.at(2), -ECANCELED);
}

TEST(a_link_timeout, may_find_that_the_operation_was_faster) {
    using namespace std::chrono_literals;
    for (double const late : {0.0, 1.0}) {
        simulation s = simulate(only(&chances::late_cancel, late));
        ring r = ring_of(s);
        auto const pipe = s.pipe().or_throw("pipe");
        char into[8];
        op::link_timeout const limit{.when = 1ms};
        ASSERT_TRUE(r.push(op::link(op::read{.fd = pipe.first, .into = into}, limit), {1, 2}));
        r.submit().or_throw("submit");
        ASSERT_TRUE(r.push(op::write{.fd = pipe.second, .from = text}, 3));
        r.submit().or_throw("submit");
        s.pass(1'000'000); // both have happened when the ring looks
        auto const got = results(r, 3);
        EXPECT_EQ(got.at(1), late == 1 ? 5 : -ECANCELED);
        EXPECT_EQ(got.at(2), late == 1 ? -ECANCELED : -ETIME);
    }
}

} // namespace
} // namespace rondo::test
