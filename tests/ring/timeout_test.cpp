// SPDX-License-Identifier: MIT
// What timeouts count, what an update leaves of that, and deadlines that are over at once.
#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <map>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using results = std::map<std::uint64_t, std::int32_t>; // by user_data

class ring_timeout : public test::ring_test {
protected:
    template <class Op>
    void push(Op const& o, std::uint64_t user_data) {
        ASSERT_TRUE(ring_.push(o, user_data));
    }
    void expect_next(std::uint64_t user_data, std::int32_t res) {
        abi::cqe const c = next();
        EXPECT_EQ(c.user_data, user_data);
        EXPECT_EQ(c.res, res) << "of operation " << user_data;
    }
    /// All that completes until nothing more does.
    results all() {
        results out;
        abi::cqe c{};
        do
            while (ring_.pop(c))
                out[c.user_data] = c.res;
        while (ring_.submit_and_wait(1, 30ms));
        return out;
    }
    void run_nop() { RONDO_EXPECT_OK(ring_.run(op::nop{})); }
    bool is_quiet() { return all().empty(); }

    op::timeout<> counting_{.when = 1h, .count = 2};
    std::array<char, 8> memory_{};
};

TEST_F(ring_timeout, does_not_count_those_whose_time_is_up) {
    op::timeout const first{.when = 1ms}, second{.when = 100ms};
    push(counting_, 9);
    push(first, 1);
    push(second, 2);
    expect_next(1, -ETIME);
    expect_next(2, -ETIME);
    run_nop();
    EXPECT_TRUE(is_quiet());
    run_nop();
    expect_next(9, 0);
}

TEST_F(ring_timeout, does_not_count_the_firings_of_a_stream) {
    op::timeout_stream const stream{.every = 1ms, .repeats = 3};
    push(counting_, 9);
    push(stream, 1);
    EXPECT_EQ(all(), (results{{1, -ETIME}}));
    run_nop();
    run_nop();
    expect_next(9, 0);
}

TEST_F(ring_timeout, does_not_count_one_whose_own_count_is_reached) {
    op::timeout const of_one{.when = 1h, .count = 1};
    push(counting_, 9);
    push(of_one, 1);
    run_nop();
    expect_next(1, 0);
    EXPECT_TRUE(is_quiet());
    run_nop();
    expect_next(9, 0);
}

TEST_F(ring_timeout, counts_one_that_was_removed_and_the_removal) {
    op::timeout const removed{.when = 1h};
    push(counting_, 9);
    push(removed, 1);
    ring_.submit().or_throw("submit");
    push(op::timeout_remove{.user_data = 1}, 2);
    EXPECT_EQ(all(), (results{{1, -ECANCELED}, {2, 0}, {9, 0}}));
}

TEST_F(ring_timeout, two_may_wait_for_the_same_completion) {
    op::timeout const a{.when = 1h, .count = 1}, b{.when = 1h, .count = 1};
    auto const silent = op::skip_success(a); // posts nothing itself
    push(silent, 1);
    push(b, 2);
    run_nop();
    expect_next(2, 0);
}

TEST_F(ring_timeout, waits_for_its_time_alone_once_it_was_updated) {
    push(counting_, 9);
    ring_.submit().or_throw("submit");
    op::timeout_update const update{.user_data = 9, .when = 200ms};
    RONDO_EXPECT_OK(ring_.run(update));
    run_nop();
    run_nop();
    EXPECT_TRUE(is_quiet());
    expect_next(9, -ETIME);
}

TEST_F(ring_timeout, a_deadline_that_is_over_at_once_lets_finish_what_need_not_wait) {
    test::pipe_pair const pipe;
    pipe.write("x");
    op::link_timeout const deadline{.when = 0ns};
    ring_.push(op::link(op::read{.fd = pipe.out, .into = memory_}, deadline), {1, 2})
        .or_throw("push");
    expect_next(1, 1);
    expect_next(2, -ENOENT); // there was nothing left to cancel
}

TEST_F(ring_timeout, a_deadline_that_is_over_at_once_finds_a_failure_over) {
    op::link_timeout const deadline{.when = 0ns};
    ring_.push(op::link(op::read{.fd = -1, .into = memory_}, deadline), {1, 2}).or_throw("push");
    expect_next(1, -EBADF);
    expect_next(2, -ECANCELED);
}

TEST_F(ring_timeout, a_deadline_that_is_over_at_once_ends_what_has_to_wait) {
    test::pipe_pair const pipe;
    op::link_timeout const deadline{.when = 0ns};
    ring_.push(op::link(op::read{.fd = pipe.out, .into = memory_}, deadline), {1, 2})
        .or_throw("push");
    EXPECT_EQ(all(), (results{{1, -ECANCELED}, {2, -ETIME}}));
}

TEST_F(ring_timeout, a_deadline_under_skip_success_is_silent_when_it_is_over) {
    test::pipe_pair const pipe;
    op::link_timeout const deadline{.when = 2ms};
    auto const silent = op::skip_success(deadline);
    ring_.push(op::link(op::read{.fd = pipe.out, .into = memory_}, silent, op::nop{}), {1, 2, 3})
        .or_throw("push");
    EXPECT_EQ(all(), (results{{1, -ECANCELED}, {3, -ECANCELED}}));
}

} // namespace
} // namespace rondo
