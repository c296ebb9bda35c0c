// SPDX-License-Identifier: MIT
// Drains, silent and asynchronous operations, timeouts and cancels, on every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/cancel.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace rondo {
namespace {

using namespace test;

class ring_order : public matrix_test {
protected:
    static void expect_next(ring& r, std::uint64_t user_data, std::int32_t res) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, user_data);
        EXPECT_EQ(c.res, res) << "of operation " << user_data;
    }
    std::array<char, 16> memory_{};
};
RONDO_FOR_EVERY_SET_UP(ring_order);

TEST_P(ring_order, a_drain_waits_for_everything_before_it) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
    push(r, op::drain(op::nop{}), 2);
    push(r, op::nop{}, 3); // waits behind the drain
    r.submit().or_throw("submit");
    EXPECT_TRUE(is_quiet(r));
    EXPECT_EQ(r.in_flight(), 3u);
    pipe.write("x");
    expect_next(r, 1, POLLIN);
    expect_next(r, 2, 0);
    expect_next(r, 3, 0);
}

TEST_P(ring_order, a_drain_with_nothing_before_it_runs_at_once) {
    ring r = make(8);
    EXPECT_EQ(r.run(op::drain(op::nop{})).or_throw("run"), 0);
    for (std::uint64_t i = 0; i < 4; ++i)
        push(r, op::drain(op::nop{}), i);
    for (std::uint64_t i = 0; i < 4; ++i)
        expect_next(r, i, 0);
}

TEST_P(ring_order, silent_success_is_silent_and_failure_is_not) {
    ring r = make(8);
    if (!r.features().has_feature(abi::feature::cqe_skip))
        GTEST_SKIP() << "this kernel lacks IORING_FEAT_CQE_SKIP";
    for (std::uint64_t i = 0; i < 4; ++i)
        push(r, op::skip_success(op::nop{}), i);
    push(r, op::nop{}, 4);
    expect_next(r, 4, 0);
    abi::cqe none;
    EXPECT_FALSE(r.pop(none));
    push(r, op::skip_success(op::read{.fd = -1, .into = memory_}), 5);
    push(r, op::nop{}, 6);
    expect_next(r, 5, -EBADF);
    expect_next(r, 6, 0);
    EXPECT_EQ(r.in_flight(), 4u) << "those under skip_success count until the ring is closed";
}

TEST_P(ring_order, asynchronous_operations_complete) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 4; ++i)
        push(r, op::async(op::nop{}), i);
    std::array<int, 4> seen{};
    for (int i = 0; i < 4; ++i) {
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, seen.size());
        EXPECT_EQ(c.res, 0);
        ++seen[c.user_data];
    }
    EXPECT_EQ(seen, (std::array<int, 4>{1, 1, 1, 1}));
}

TEST_P(ring_order, an_asynchronous_read_waits_in_a_worker) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    push(r, op::async(op::read{.fd = pipe.out, .into = memory_}), 1);
    r.submit().or_throw("submit");
    EXPECT_TRUE(is_quiet(r));
    pipe.write("abc");
    expect_next(r, 1, 3);
}

TEST_P(ring_order, timeouts_end_by_their_time) {
    RONDO_NEEDS_SYSTEM("clock");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    using std::chrono::milliseconds;
    op::timeout const late{.when = milliseconds{40}};
    op::timeout const early{.when = milliseconds{10}};
    auto const start = std::chrono::steady_clock::now();
    push(r, late, 1);
    push(r, early, 2);
    expect_next(r, 2, -ETIME);
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{10});
    expect_next(r, 1, -ETIME);
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{40});
}

TEST_P(ring_order, timeouts_end_by_a_count_of_others) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    op::timeout const t{.when = std::chrono::hours{1}, .count = 2};
    push(r, t, 9);
    r.submit().or_throw("submit");
    push(r, op::nop{}, 1);
    push(r, op::nop{}, 2);
    std::array<bool, 10> seen{};
    for (int i = 0; i < 3; ++i) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.res, 0);
        seen.at(c.user_data) = true;
    }
    EXPECT_TRUE(seen[1] && seen[2] && seen[9]);
}

TEST_P(ring_order, a_timeout_can_be_removed) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    op::timeout const t{.when = std::chrono::hours{1}};
    push(r, t, 9);
    r.submit().or_throw("submit");
    EXPECT_TRUE(r.run(op::timeout_remove{.user_data = 9}).has_value());
    expect_next(r, 9, -ECANCELED);
    auto const again = r.run(op::timeout_remove{.user_data = 9});
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), ENOENT);
}

TEST_P(ring_order, a_cancel_ends_one_operation) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 2);
    r.submit().or_throw("submit");
    EXPECT_EQ(r.run(op::cancel{.what = op::cancel_match::user_data(2)}).or_throw("cancel"), 1u);
    expect_next(r, 2, -ECANCELED);
    auto const again = r.run(op::cancel{.what = op::cancel_match::user_data(2)});
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), ENOENT);
    EXPECT_EQ(r.in_flight(), 1u);
}

TEST_P(ring_order, a_cancel_of_a_waiting_worker_interrupts_it) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    push(r, op::async(op::read{.fd = pipe.out, .into = memory_}), 1);
    r.submit().or_throw("submit");
    // A worker that is between its attempt and its wait misses the request, so it is repeated.
    abi::cqe c{};
    for (int tries = 0; tries < 1000 && !r.pop(c); ++tries) {
        auto const asked = r.run(op::cancel{.what = op::cancel_match::user_data(1)});
        EXPECT_TRUE(asked || asked.error() == EALREADY || asked.error() == ENOENT)
            << asked.error().message().c_str();
        static_cast<void>(r.submit_and_wait(1, std::chrono::milliseconds(10)));
    }
    EXPECT_EQ(c.user_data, 1u);
    EXPECT_TRUE(c.res == -ECANCELED || c.res == -EINTR) << c.res;
}

TEST_P(ring_order, a_cancel_of_everything_counts) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    for (std::uint64_t i = 0; i < 5; ++i)
        push(r, op::poll{.fd = pipe.out, .events = POLLIN}, i);
    r.submit().or_throw("submit");
    EXPECT_EQ(r.run(op::cancel{.what = op::cancel_match::any()}).or_throw("cancel"), 5u);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(next(r).res, -ECANCELED);
    EXPECT_EQ(r.run(op::cancel{.what = op::cancel_match::any()}).or_throw("cancel"), 0u);
    EXPECT_EQ(r.in_flight(), 0u);
}

} // namespace
} // namespace rondo
