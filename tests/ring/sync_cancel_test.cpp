// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/splice.hpp>
#include <rondo/ring/sync_cancel.hpp>

#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <set>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using op::cancel_match;

class ring_sync_cancel : public test::ring_test {
protected:
    void start_read(test::pipe_pair const& pipe, std::uint64_t user_data) {
        ASSERT_TRUE(ring_.push(op::read{.fd = pipe.out, .into = memory_}, user_data));
        ASSERT_TRUE(ring_.submit());
    }
    /// The user_data of the next `n` completions, all of them cancelled.
    std::set<std::uint64_t> cancelled(std::size_t n) {
        std::set<std::uint64_t> out;
        for (std::size_t i = 0; i < n; ++i) {
            abi::cqe c{};
            if (!ring_.pop(c))
                c = next();
            EXPECT_EQ(c.res, -ECANCELED);
            out.insert(c.user_data);
        }
        return out;
    }

    test::pipe_pair a_;
    test::pipe_pair b_;
    std::array<char, 8> memory_{};
};

TEST_F(ring_sync_cancel, finds_an_operation_by_its_user_data) {
    start_read(a_, 1);
    start_read(a_, 2);
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::user_data(2)}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{2});
    RONDO_EXPECT_ERROR(sync_cancel(ring_, {.what = cancel_match::user_data(2)}), ENOENT);
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::user_data(1)}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{1});
}

TEST_F(ring_sync_cancel, finds_operations_by_their_descriptor) {
    start_read(a_, 1);
    start_read(b_, 2);
    start_read(a_, 3);
    auto const found =
        sync_cancel(ring_, {.what = cancel_match::fd(a_.out), .all = true}).or_throw("cancel");
    EXPECT_EQ(found, 2u);
    EXPECT_EQ(cancelled(2), (std::set<std::uint64_t>{1, 3}));
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::fd(b_.out)}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{2});
}

TEST_F(ring_sync_cancel, finds_operations_by_their_slot) {
    register_files({-1, a_.out.get()});
    ASSERT_TRUE(ring_.push(op::read{.fd = fd_ref::slot(1), .into = memory_}, 1));
    ASSERT_TRUE(ring_.submit());
    RONDO_EXPECT_ERROR(sync_cancel(ring_, {.what = cancel_match::fd(fd_ref::slot(0))}), EBADF);
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::fd(fd_ref::slot(1))}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{1});
}

TEST_F(ring_sync_cancel, finds_operations_by_their_opcode) {
    start_read(a_, 1);
    ASSERT_TRUE(ring_.push(op::poll{.fd = a_.out, .events = 1}, 2));
    ASSERT_TRUE(ring_.submit());
    RONDO_EXPECT_OK(
        sync_cancel(ring_, {.what = cancel_match::code(abi::opcode::poll_add), .all = true}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{2});
    auto const both = cancel_match::fd(a_.out) & cancel_match::code(abi::opcode::read);
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = both}));
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{1});
}

TEST_F(ring_sync_cancel, finds_everything) {
    start_read(a_, 1);
    start_read(b_, 2);
    EXPECT_EQ(sync_cancel(ring_, {.what = cancel_match::any()}).or_throw("cancel"), 2u);
    EXPECT_EQ(cancelled(2), (std::set<std::uint64_t>{1, 2}));
}

TEST_F(ring_sync_cancel, waits_for_what_a_worker_thread_runs) {
    ASSERT_TRUE(ring_.push(op::async(op::read{.fd = a_.out, .into = memory_}), 1));
    ASSERT_TRUE(ring_.submit());
    auto const start = std::chrono::steady_clock::now();
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::user_data(1)},
                                std::chrono::steady_clock::now() + 10s));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_EQ(cancelled(1), std::set<std::uint64_t>{1});
}

TEST_F(ring_sync_cancel, a_splice_in_a_worker_thread_says_that_it_was_interrupted) {
    op::splice const move{.from = a_.out, .to = b_.in, .size = 8};
    ASSERT_TRUE(ring_.push(op::async(move), 1));
    ASSERT_TRUE(ring_.submit());
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::user_data(1)}, 10s));
    abi::cqe c{};
    if (!ring_.pop(c))
        c = next();
    if (c.res != -ECANCELED) // it had not begun yet
        RONDO_EXPECT_ERROR(op::value_of(move, c), EINTR);
}

TEST_F(ring_sync_cancel, needs_no_room_in_the_queue) {
    start_read(a_, 1);
    while (ring_.push(op::nop{}, 7)) {
    }
    RONDO_EXPECT_OK(sync_cancel(ring_, {.what = cancel_match::user_data(1)}, 1s));
}

} // namespace
} // namespace rondo
