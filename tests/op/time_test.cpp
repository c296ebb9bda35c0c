// SPDX-License-Identifier: MIT

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/time.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using op::timeout_clock;
using op::timeout_end;
using std::chrono::steady_clock;

class op_timeout : public test::ring_test {
protected:
    /// The next completion of this user_data; others wait until they are asked for.
    abi::cqe next_of(std::uint64_t user_data) {
        for (auto it = waiting_.begin(); it != waiting_.end(); ++it)
            if (it->user_data == user_data) {
                abi::cqe const c = *it;
                waiting_.erase(it);
                return c;
            }
        for (int i = 0; i < 8; ++i) {
            abi::cqe const c = next();
            if (c.user_data == user_data)
                return c;
            waiting_.push_back(c);
        }
        ADD_FAILURE() << "no completion of " << user_data;
        return {};
    }
    std::vector<abi::cqe> waiting_;
    unique_fd const silent_{::eventfd(0, EFD_CLOEXEC)}; ///< never becomes readable
};

TEST_F(op_timeout, after_a_while_ends_when_time_is_up) {
    auto const begin = steady_clock::now();
    EXPECT_EQ(ring_.run(op::timeout{.when = 20ms}), timeout_end::time);
    EXPECT_GE(steady_clock::now() - begin, 20ms);
}

TEST_F(op_timeout, takes_each_clock) {
    for (auto const clock :
         {timeout_clock::monotonic, timeout_clock::boottime, timeout_clock::realtime}) {
        auto const begin = steady_clock::now();
        EXPECT_EQ(ring_.run(op::timeout{.when = op::moment(10ms, clock)}), timeout_end::time);
        EXPECT_GE(steady_clock::now() - begin, 9ms);
    }
}

TEST_F(op_timeout, at_a_point_of_each_clock) {
    auto const begin = steady_clock::now();
    EXPECT_EQ(ring_.run(op::timeout{.when = begin + 20ms}), timeout_end::time);
    EXPECT_GE(steady_clock::now() - begin, 20ms);

    auto const wall = std::chrono::system_clock::now();
    EXPECT_EQ(ring_.run(op::timeout{.when = wall + 20ms}), timeout_end::time);
    EXPECT_GE(std::chrono::system_clock::now() - wall, 20ms);

    ::timespec t{};
    ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &t), 0);
    auto const since_boot = std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
    op::timeout const boot{.when = op::moment::at(since_boot + 20ms, timeout_clock::boottime)};
    auto const before = steady_clock::now();
    EXPECT_EQ(ring_.run(boot), timeout_end::time);
    EXPECT_GE(steady_clock::now() - before, 10ms);
}

TEST_F(op_timeout, at_a_point_in_the_past_ends_at_once) {
    EXPECT_EQ(ring_.run(op::timeout{.when = steady_clock::now() - 1h}), timeout_end::time);
    EXPECT_EQ(ring_.run(op::timeout{.when = -1h}), timeout_end::time);
}

TEST_F(op_timeout, ends_early_when_its_count_of_completions_is_there) {
    op::timeout const o{.when = 1h, .count = 2};
    ASSERT_TRUE(ring_.push(o, 1));
    ASSERT_TRUE(ring_.push(op::nop{}, 2));
    ASSERT_TRUE(ring_.push(op::nop{}, 3));
    EXPECT_EQ(op::value_of(o, next_of(1)), timeout_end::count);
}

TEST_F(op_timeout, breaks_a_chain_unless_it_is_to_continue) {
    for (bool const goes_on : {false, true}) {
        op::timeout const o{.when = 1ms, .continue_chain = goes_on};
        ring_.push(op::link(o, op::nop{}), {1, 2}).or_throw("push");
        EXPECT_EQ(op::value_of(o, next_of(1)), timeout_end::time);
        EXPECT_EQ(next_of(2).res, goes_on ? 0 : -ECANCELED);
    }
}

TEST_F(op_timeout, immediate_needs_linux_7_1) {
    auto const end = ring_.run(op::timeout{.when = op::immediate(1ms)});
    if (!end && end.error() == EINVAL)
        GTEST_SKIP() << "this kernel has no times inside SQEs (Linux 7.1)";
    EXPECT_EQ(end, timeout_end::time);
}

TEST_F(op_timeout, stream_completes_as_often_as_it_is_told) {
    op::timeout_stream const o{.every = 5ms, .repeats = 3};
    ASSERT_TRUE(ring_.push(o, 1));
    auto const begin = steady_clock::now();
    for (int i = 1; i <= 3; ++i) {
        abi::cqe const c = next();
        EXPECT_TRUE(op::value_of(o, c).has_value());
        EXPECT_EQ(more(c), i < 3);
    }
    EXPECT_GE(steady_clock::now() - begin, 15ms);
}

TEST_F(op_timeout, stream_without_end_is_ended_by_a_removal) {
    op::timeout_stream const o{.every = 1ms};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_TRUE(more(next()));
    ASSERT_TRUE(ring_.push(op::timeout_remove{.user_data = 1}, 2));
    abi::cqe c = next();
    for (int i = 0; i < 1000 && (c.user_data == 2 || more(c)); ++i)
        c = next();
    EXPECT_FALSE(more(c));
    EXPECT_EQ(op::value_of(o, c).error(), ECANCELED);
}

TEST_F(op_timeout, stream_at_a_point_of_a_clock_is_refused) {
    op::timeout_stream const o{.every = steady_clock::now()};
    ASSERT_TRUE(ring_.push(o, 1));
    EXPECT_EQ(op::value_of(o, next()).error(), EINVAL);
}

TEST_F(op_timeout, remove_ends_it_with_ecanceled) {
    op::timeout const o{.when = 1h};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_OK(ring_.run(op::timeout_remove{.user_data = 1}));
    EXPECT_EQ(op::value_of(o, next_of(1)).error(), ECANCELED);
    RONDO_EXPECT_ERROR(ring_.run(op::timeout_remove{.user_data = 1}), ENOENT);
}

TEST_F(op_timeout, update_gives_it_another_time) {
    op::timeout const o{.when = 1h};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_OK(ring_.run(op::timeout_update{.user_data = 1, .when = 1ms}));
    EXPECT_EQ(op::value_of(o, next_of(1)), timeout_end::time);
    RONDO_EXPECT_ERROR(ring_.run(op::timeout_update{.user_data = 1, .when = 1ms}), ENOENT);
}

TEST_F(op_timeout, update_keeps_the_clock) {
    op::timeout const o{.when = std::chrono::system_clock::now() + 1h};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    auto const soon = std::chrono::system_clock::now() + 10ms;
    RONDO_EXPECT_OK(ring_.run(op::timeout_update{.user_data = 1, .when = soon}));
    EXPECT_EQ(op::value_of(o, next_of(1)), timeout_end::time);
    EXPECT_GE(std::chrono::system_clock::now(), soon);
}

TEST_F(op_timeout, link_cancels_the_operation_before_it) {
    op::link_timeout const deadline{.when = 10ms};
    ring_.push(op::link(op::poll{.fd = silent_, .events = POLLIN}, deadline), {1, 2})
        .or_throw("push");
    EXPECT_EQ(next_of(1).res, -ECANCELED);
    EXPECT_TRUE(op::value_of(deadline, next_of(2)).has_value());
}

TEST_F(op_timeout, link_at_a_point_of_a_clock) {
    op::link_timeout const deadline{.when = steady_clock::now() + 10ms};
    ring_.push(op::link(op::poll{.fd = silent_, .events = POLLIN}, deadline), {1, 2})
        .or_throw("push");
    EXPECT_EQ(next_of(1).res, -ECANCELED);
}

TEST_F(op_timeout, link_is_cancelled_itself_when_the_operation_is_done_in_time) {
    op::link_timeout const deadline{.when = 1h};
    ring_.push(op::link(op::nop{}, deadline, op::nop{}), {1, 2, 3}).or_throw("push");
    EXPECT_EQ(next_of(1).res, 0);
    EXPECT_EQ(op::value_of(deadline, next_of(2)).error(), ECANCELED);
    EXPECT_EQ(next_of(3).res, 0);
}

TEST_F(op_timeout, link_can_be_updated_too) {
    op::link_timeout const deadline{.when = 1h};
    ring_.push(op::link(op::poll{.fd = silent_, .events = POLLIN}, deadline), {1, 2})
        .or_throw("push");
    ring_.submit().or_throw("submit");
    RONDO_EXPECT_ERROR(ring_.run(op::timeout_update{.user_data = 2, .when = 1ms}), ENOENT);
    RONDO_EXPECT_OK(ring_.run(op::link_timeout_update{.user_data = 2, .when = 1ms}));
    EXPECT_EQ(next_of(1).res, -ECANCELED);
}

} // namespace
} // namespace rondo
