// SPDX-License-Identifier: MIT
// Blocking calls beside operations of others, on every set-up.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>
#include <rondo/op/write.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <type_traits>

namespace rondo {
namespace {

using namespace test;

class ring_run : public matrix_test {
protected:
    static void run_nop(ring& r) { EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0); }
};
RONDO_FOR_EVERY_SET_UP(ring_run);

TEST_P(ring_run, returns_the_value_and_leaves_nothing_behind) {
    ring r = make();
    for (int i = 0; i < 100; ++i)
        run_nop(r);
    abi::cqe c;
    EXPECT_FALSE(r.pop(c));
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_run, reads_what_was_written) {
    RONDO_NEEDS_SYSTEM("files");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    pipe_pair const pipe;
    std::array<char, 16> memory{};
    EXPECT_EQ(r.run(op::write{.fd = pipe.in, .from = std::string_view("hello")}).or_throw("write"),
              5u);
    EXPECT_EQ(r.run(op::read{.fd = pipe.out, .into = memory}).or_throw("read"), 5u);
    EXPECT_EQ(std::string_view(memory.data(), 5), "hello");
}

TEST_P(ring_run, says_what_failed) {
    ring r = make();
    std::array<char, 16> memory{};
    op::read const bad{.fd = -1, .into = memory};
    auto const n = r.run(bad);
    ASSERT_FALSE(n.has_value());
    EXPECT_EQ(n.error(), EBADF);
    EXPECT_EQ(n.error().attempted(), op::attempt_of<std::remove_cv_t<decltype(bad)>>);
}

TEST_P(ring_run, completions_of_others_come_later_in_their_order) {
    ring r = make(8);
    push(r, op::nop{}, 1);
    push(r, op::nop{}, 2);
    r.submit().or_throw("submit");
    push(r, op::nop{}, 3);
    run_nop(r);
    run_nop(r);
    push(r, op::nop{}, 4);
    run_nop(r);
    for (std::uint64_t i = 1; i <= 4; ++i)
        EXPECT_EQ(next(r).user_data, i);
    abi::cqe c;
    EXPECT_FALSE(r.pop(c));
}

TEST_P(ring_run, many_more_others_than_the_queue_holds) {
    ring r = make(4, 8);
    constexpr std::uint64_t count = 500;
    for (std::uint64_t i = 0; i < count; ++i) {
        push(r, op::nop{}, i);
        if (i % 3 == 0)
            run_nop(r);
    }
    r.submit().or_throw("submit");
    for (std::uint64_t i = 0; i < count; ++i)
        ASSERT_EQ(next(r).user_data, i);
}

TEST_P(ring_run, batches_go_on_from_what_was_kept_to_what_is_new) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 4; ++i)
        push(r, op::nop{}, i);
    run_nop(r);
    for (std::uint64_t i = 4; i < 8; ++i)
        push(r, op::nop{}, i);
    r.submit_and_wait(8).or_throw("submit_and_wait");
    std::array<abi::cqe, 6> batch;
    ASSERT_EQ(r.copy_completions(batch), 6u);
    for (std::uint64_t i = 0; i < 6; ++i)
        EXPECT_EQ(batch[i].user_data, i);
    EXPECT_EQ(next(r).user_data, 6u);
    EXPECT_EQ(next(r).user_data, 7u);
}

TEST_P(ring_run, a_wait_counts_what_was_kept) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 3; ++i)
        push(r, op::nop{}, i);
    run_nop(r);
    r.submit_and_wait(3).or_throw("submit_and_wait"); // would block otherwise
    push(r, op::nop{}, 3);
    r.submit_and_wait(4).or_throw("submit_and_wait");
    for (std::uint64_t i = 0; i < 4; ++i) {
        abi::cqe c;
        ASSERT_TRUE(r.pop(c)) << i;
        EXPECT_EQ(c.user_data, i);
    }
}

// "Operations submitted whose final CQE was not popped", wherever that waits meanwhile.
TEST_P(ring_run, what_was_kept_is_in_flight_until_it_is_popped) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 3; ++i)
        push(r, op::nop{}, i);
    run_nop(r);
    for (std::uint32_t left = 3; left > 0; --left) {
        EXPECT_EQ(r.in_flight(), left);
        static_cast<void>(next(r));
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_run, a_full_queue_is_submitted_first) {
    ring r = make(4, 4);
    for (std::uint64_t round = 0; round < 20; ++round) {
        for (std::uint64_t i = 0; i < 4; ++i)
            push(r, op::nop{}, round * 4 + i);
        run_nop(r);
    }
    for (std::uint64_t i = 0; i < 80; ++i)
        ASSERT_EQ(next(r).user_data, i);
}

TEST_P(ring_run, others_may_stay_pending_for_long) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
    for (int i = 0; i < 50; ++i)
        run_nop(r);
    EXPECT_EQ(r.in_flight(), 1u);
    EXPECT_EQ(r.run(op::write{.fd = pipe.in, .from = std::string_view("x")}).or_throw("write"), 1u);
    EXPECT_EQ(next(r).user_data, 1u);
}

TEST_P(ring_run, blocks_until_its_own_operation_is_over) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    pipe.write("x");
    for (std::uint64_t i = 0; i < 3; ++i)
        push(r, op::poll{.fd = pipe.out, .events = POLLIN}, i);
    auto const start = std::chrono::steady_clock::now();
    op::timeout const nap{.when = std::chrono::milliseconds{30}};
    EXPECT_EQ(r.run(nap).or_throw("timeout"), op::timeout_end::time);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{30});
    for (std::uint64_t i = 0; i < 3; ++i)
        EXPECT_EQ(next(r).user_data, i);
}

TEST_P(ring_run, a_moved_ring_keeps_what_run_kept) {
    ring r = make(8);
    for (std::uint64_t i = 0; i < 5; ++i)
        push(r, op::nop{}, i);
    run_nop(r);
    EXPECT_EQ(next(r).user_data, 0u);
    ring moved(std::move(r));
    EXPECT_EQ(next(moved).user_data, 1u);
    ring again = make(8);
    again = std::move(moved);
    run_nop(again);
    for (std::uint64_t i = 2; i < 5; ++i)
        EXPECT_EQ(next(again).user_data, i);
    run_nop(again);
}

TEST_P(ring_run, a_ring_is_closed_with_what_run_kept) {
    RONDO_NEEDS_SYSTEM("pipes");
    child_end const end = in_child(
        [this] {
            ring r = make(8);
            for (std::uint64_t i = 0; i < 5; ++i)
                push(r, op::nop{}, i);
            run_nop(r);
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo
