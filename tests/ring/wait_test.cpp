// SPDX-License-Identifier: MIT
// Waits that end by time, on every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace rondo {
namespace {

using namespace test;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class ring_wait : public matrix_test {
protected:
    /// Waits for one completion that does not come. Returns how long that took.
    static clock::duration wait_in_vain(ring& r, deadline const& limit) {
        auto const start = clock::now();
        auto const waited = r.submit_and_wait(1, limit);
        auto const took = clock::now() - start;
        EXPECT_FALSE(waited.has_value());
        if (!waited) {
            EXPECT_EQ(waited.error(), ETIME) << waited.error().message().c_str();
        }
        return took;
    }
};
RONDO_FOR_EVERY_SET_UP(ring_wait);

TEST_P(ring_wait, a_relative_deadline_is_kept) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    auto const took = wait_in_vain(r, milliseconds{30});
    EXPECT_GE(took, milliseconds{30});
    EXPECT_LT(took, patience);
}

TEST_P(ring_wait, an_absolute_deadline_is_kept) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    auto const until = clock::now() + milliseconds{30};
    wait_in_vain(r, until);
    EXPECT_GE(clock::now(), until);
    EXPECT_LT(clock::now(), until + patience);
}

TEST_P(ring_wait, a_deadline_in_the_past_is_now) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    EXPECT_LT(wait_in_vain(r, clock::now() - std::chrono::hours{1}), patience);
    EXPECT_LT(wait_in_vain(r, clock::time_point{}), patience);
    EXPECT_LT(wait_in_vain(r, milliseconds{-5}), patience);
    EXPECT_LT(wait_in_vain(r, milliseconds{0}), patience);
}

TEST_P(ring_wait, a_deadline_beyond_all_time_is_never) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    deadline const limits[] = {std::chrono::hours::max(), std::chrono::nanoseconds::max(),
                               clock::time_point::max()};
    for (deadline const& limit : limits) {
        op::timeout const t{.when = milliseconds{10}};
        push(r, t, 1);
        r.submit_and_wait(1, limit).or_throw("submit");
        auto const waited = r.submit_and_wait(1, limit);
        EXPECT_TRUE(waited.has_value()) << waited.error().message().c_str();
        abi::cqe c;
        ASSERT_TRUE(r.pop(c));
        EXPECT_EQ(c.res, -ETIME);
    }
}

TEST_P(ring_wait, a_completion_ends_it) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    pipe_pair const pipe;
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
    r.submit().or_throw("submit");
    std::thread writer([&] {
        ::poll(nullptr, 0, 10);
        pipe.write("x");
    });
    auto const start = clock::now();
    r.submit_and_wait(1, patience).or_throw("wait");
    EXPECT_LT(clock::now() - start, patience);
    writer.join();
    abi::cqe c;
    EXPECT_TRUE(r.pop(c));
}

TEST_P(ring_wait, what_is_there_already_ends_it_at_once) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    push(r, op::nop{}, 1);
    push(r, op::nop{}, 2);
    r.submit_and_wait(2).or_throw("submit");
    r.submit_and_wait(2, clock::now() - milliseconds{1}).or_throw("wait in the past");
    r.submit_and_wait(1, milliseconds{0}).or_throw("wait for no time");
    EXPECT_EQ(next(r).user_data, 1u);
    EXPECT_EQ(next(r).user_data, 2u);
}

TEST_P(ring_wait, fewer_than_were_waited_for_can_be_popped_when_time_is_up) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    push(r, op::nop{}, 1);
    r.submit_and_wait(1).or_throw("submit");
    // The kernel says ETIME only when nothing at all is there.
    auto const start = clock::now();
    EXPECT_EQ(r.submit_and_wait(3, milliseconds{20}).or_throw("wait"), 0u);
    EXPECT_GE(clock::now() - start, milliseconds{20});
    abi::cqe c;
    EXPECT_TRUE(r.pop(c));
    EXPECT_FALSE(r.pop(c));
}

TEST_P(ring_wait, submissions_are_taken_whatever_the_deadline) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    push(r, op::nop{}, 1);
    EXPECT_EQ(r.submit_and_wait(5, milliseconds{10}).or_throw("submit"), 1u);
    EXPECT_EQ(next(r).user_data, 1u);
}

TEST_P(ring_wait, after_the_batching_window_one_completion_is_enough) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    if (!r.features().has_feature(abi::feature::min_timeout))
        GTEST_SKIP() << "this kernel lacks IORING_FEAT_MIN_TIMEOUT";
    push(r, op::nop{}, 1);
    r.submit_and_wait(1).or_throw("submit");
    auto const start = clock::now();
    r.submit_and_wait(4, patience, 20'000).or_throw("wait");
    auto const took = clock::now() - start;
    EXPECT_GE(took, milliseconds{20});
    EXPECT_LT(took, patience);
    EXPECT_EQ(next(r).user_data, 1u);
}

TEST_P(ring_wait, a_batching_window_needs_no_deadline) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    if (!r.features().has_feature(abi::feature::min_timeout))
        GTEST_SKIP() << "this kernel lacks IORING_FEAT_MIN_TIMEOUT";
    op::timeout const t{.when = milliseconds{30}};
    push(r, t, 1);
    r.submit().or_throw("submit");
    r.submit_and_wait(4, {}, 1000).or_throw("wait");
    abi::cqe c;
    EXPECT_TRUE(r.pop(c));
}

TEST_P(ring_wait, run_is_not_hurried_by_an_earlier_deadline) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    wait_in_vain(r, milliseconds{1});
    op::timeout const nap{.when = milliseconds{15}};
    auto const start = clock::now();
    EXPECT_EQ(r.run(nap).or_throw("timeout"), op::timeout_end::time);
    EXPECT_GE(clock::now() - start, milliseconds{15});
}

} // namespace
} // namespace rondo
