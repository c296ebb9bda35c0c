// SPDX-License-Identifier: MIT

#include <rondo/ring/message.hpp>
#include <rondo/ring/ring.hpp>

#include <support/engine.hpp>
#include <support/other_kernel.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <thread>

namespace rondo {
namespace {

using namespace std::chrono_literals;

class ring_message : public test::ring_test {
protected:
    ring_message() { ring_.bind_to_this_thread().or_throw("bind"); }
};

TEST_F(ring_message, arrives_as_a_completion) {
    RONDO_EXPECT_OK(
        send_message(op::message_ring{.ring = ring_.native_handle(), .user_data = 7, .res = 42}));
    abi::cqe const c = next();
    EXPECT_EQ(c.user_data, 7u);
    EXPECT_EQ(c.res, 42);
    EXPECT_EQ(c.flags, 0u);
}

TEST_F(ring_message, brings_flags_of_the_senders_choice) {
    RONDO_EXPECT_OK(send_message(op::message_ring{.ring = ring_.native_handle(),
                                                  .user_data = 7,
                                                  .res = -5,
                                                  .cqe_flags = abi::cqe_flag::sock_nonempty}));
    abi::cqe const c = next();
    EXPECT_EQ(c.res, -5);
    EXPECT_TRUE(abi::has(c, abi::cqe_flag::sock_nonempty));
}

TEST_F(ring_message, wakes_a_ring_that_waits_on_another_thread) {
    int const target = ring_.native_handle();
    std::thread sender([target] {
        std::this_thread::sleep_for(20ms);
        RONDO_EXPECT_OK(send_message(op::message_ring{.ring = target, .user_data = 9}));
    });
    RONDO_EXPECT_OK(ring_.submit_and_wait(1, 10s));
    sender.join();
    abi::cqe c{};
    ASSERT_TRUE(ring_.pop(c));
    EXPECT_EQ(c.user_data, 9u);
}

TEST_F(ring_message, from_many_threads_all_arrive) {
    int const target = ring_.native_handle();
    std::thread senders[4];
    for (std::uint64_t i = 0; i < 4; ++i)
        senders[i] = std::thread([target, i] {
            for (int n = 0; n < 50; ++n) {
                op::message_ring const m{.ring = target, .user_data = i, .res = n};
                while (!send_message(m)) // EOVERFLOW while the queue of 16 is full
                    std::this_thread::yield();
            }
        });
    int expected[4] = {};
    for (int n = 0; n < 200; ++n) {
        abi::cqe const c = next();
        ASSERT_LT(c.user_data, 4u);
        EXPECT_EQ(c.res, expected[c.user_data]++);
    }
    for (std::thread& t : senders)
        t.join();
}

TEST_F(ring_message, with_files_may_cross_between_two_threads) {
    auto const file = file_with("f", "");
    std::atomic<int> handles[2] = {-1, -1};
    std::barrier together(2);
    auto const exchange = [&](std::size_t me) {
        ring own = ring::create({.entries = 8}).or_throw("ring");
        std::int32_t fds[2] = {file.get(), -1};
        own.register_(abi::register_op::files, fds, 2).or_throw("register files");
        own.bind_to_this_thread().or_throw("bind");
        handles[me] = own.native_handle();
        together.arrive_and_wait();
        op::message_ring_fd const m{
            .ring = handles[1 - me].load(), .slot = 0, .into = 1, .silent = true};
        for (std::uint64_t i = 0; i < 8000; ++i) {
            while (!own.push(m, i))
                own.submit().or_throw("submit");
            own.submit_and_wait(1, 10s).or_throw("wait");
            abi::cqe c{};
            ASSERT_TRUE(own.pop(c));
            ASSERT_EQ(c.res, 0);
        }
        together.arrive_and_wait();
    };
    std::thread other(exchange, 1);
    exchange(0);
    other.join();
}

TEST_F(ring_message, to_what_is_no_ring_is_refused) {
    auto const file = file_with("f", "");
    engine::backend& who = test::this_engine();
    RONDO_EXPECT_ERROR(send_message(op::message_ring{.ring = file, .user_data = 1}, who), EBADFD);
    RONDO_EXPECT_ERROR(send_message(op::message_ring{.ring = -1, .user_data = 1}, who), EBADF);
}

TEST_F(ring_message, to_a_ring_that_is_not_enabled_is_refused) {
    auto const sleeping = ring::create({.entries = 4}).or_throw("ring");
    RONDO_EXPECT_ERROR(
        send_message(op::message_ring{.ring = sleeping.native_handle(), .user_data = 1}), EBADFD);
}

TEST_F(ring_message, on_a_kernel_before_6_13_is_a_missing_feature) {
    test::other_kernel older;
    older.lack(abi::register_op::send_msg_ring);
    auto const refused =
        send_message(op::message_ring{.ring = ring_.native_handle(), .user_data = 1}, older);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::missing_feature);
}

} // namespace
} // namespace rondo
