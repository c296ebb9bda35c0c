// SPDX-License-Identifier: MIT
// Signals during a wait, on every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <thread>

namespace rondo {
namespace {

using namespace test;
using std::chrono::milliseconds;

std::atomic<int> caught;
void count_signal(int) { ++caught; }

constexpr int which = SIGUSR1;

/// A mask of the kernel's with this signal, or with none.
std::uint64_t kernel_mask(int signal) { return signal == 0 ? 0 : std::uint64_t{1} << (signal - 1); }

class ring_signal : public matrix_test {
protected:
    void SetUp() override {
        matrix_test::SetUp();
        caught = 0;
        struct ::sigaction action{};
        action.sa_handler = count_signal;
        action.sa_flags = SA_RESTART; // a wait of a ring ends all the same
        ASSERT_EQ(::sigaction(which, &action, &before_), 0);
    }
    void TearDown() override {
        ::sigaction(which, &before_, nullptr);
        block(SIG_UNBLOCK);
    }
    static void block(int how) {
        ::sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, which);
        ASSERT_EQ(::pthread_sigmask(how, &set, nullptr), 0);
    }

    /// Sends the signal to the thread that made it every few milliseconds, until it is gone.
    class tormentor {
    public:
        tormentor()
            : thread_([this, target = ::pthread_self()] {
                  while (!enough_) {
                      ::poll(nullptr, 0, 3);
                      ::pthread_kill(target, which);
                  }
              }) {}
        ~tormentor() {
            enough_ = true;
            thread_.join();
        }
        tormentor(tormentor&&) = delete;

    private:
        std::atomic<bool> enough_ = false;
        std::thread thread_;
    };

    struct ::sigaction before_{};
};
RONDO_FOR_EVERY_SET_UP(ring_signal);

TEST_P(ring_signal, ends_a_wait) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    r.bind_to_this_thread().or_throw("bind");
    tormentor const t;
    auto const waited = r.submit_and_wait(1);
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error(), EINTR);
    EXPECT_EQ(waited.error().attempted(), attempt::enter);
    EXPECT_GT(caught, 0);
    auto const limited = r.submit_and_wait(1, patience);
    ASSERT_FALSE(limited.has_value());
    EXPECT_EQ(limited.error(), EINTR);
}

TEST_P(ring_signal, does_not_end_run) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    tormentor const t;
    op::timeout const nap{.when = milliseconds{60}};
    auto const start = std::chrono::steady_clock::now();
    EXPECT_EQ(r.run(nap).or_throw("timeout"), op::timeout_end::time);
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{60});
    EXPECT_GT(caught, 1);
    std::thread writer([&] {
        ::poll(nullptr, 0, 30);
        pipe.write("abc");
    });
    EXPECT_EQ(r.run(op::read{.fd = pipe.out, .into = memory}).or_throw("read"), 3u);
    writer.join();
}

TEST_P(ring_signal, loses_no_submission) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(4, 4);
    tormentor const t;
    std::uint64_t popped = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        push(r, op::nop{}, i);
        auto const waited = r.submit_and_wait(1, milliseconds{1});
        ASSERT_TRUE(waited || waited.error() == EINTR || waited.error() == ETIME)
            << waited.error().message().c_str();
        for (abi::cqe c; r.pop(c);)
            ASSERT_EQ(c.user_data, popped++);
    }
    while (popped < 300) {
        static_cast<void>(r.submit_and_wait(1));
        for (abi::cqe c; r.pop(c);)
            ASSERT_EQ(c.user_data, popped++);
    }
}

TEST_P(ring_signal, is_let_through_by_the_mask_of_the_wait) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    block(SIG_BLOCK);
    ASSERT_EQ(::raise(which), 0); // pending from now on
    auto const held_back = r.submit_and_wait(1, milliseconds{10});
    ASSERT_FALSE(held_back.has_value());
    EXPECT_EQ(held_back.error(), ETIME);
    EXPECT_EQ(caught, 0);

    std::uint64_t const none = kernel_mask(0);
    auto const let_through =
        r.submit_and_wait(wait_options{.count = 1, .until = patience, .signals = &none});
    ASSERT_FALSE(let_through.has_value());
    EXPECT_EQ(let_through.error(), EINTR);
    EXPECT_EQ(caught, 1);
}

TEST_P(ring_signal, is_let_through_without_a_deadline_too) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    block(SIG_BLOCK);
    ASSERT_EQ(::raise(which), 0);
    std::uint64_t const none = kernel_mask(0);
    auto const waited = r.submit_and_wait(wait_options{.count = 1, .signals = &none});
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error(), EINTR);
    EXPECT_EQ(caught, 1);
}

TEST_P(ring_signal, is_held_back_by_the_mask_of_the_wait) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    r.bind_to_this_thread().or_throw("bind");
    std::uint64_t const mask = kernel_mask(which);
    auto const self = ::pthread_self();
    std::thread sender([self] {
        ::poll(nullptr, 0, 20);
        ::pthread_kill(self, which);
    });
    auto const waited =
        r.submit_and_wait(wait_options{.count = 1, .until = milliseconds{60}, .signals = &mask});
    sender.join();
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error(), ETIME);
    EXPECT_EQ(caught, 1) << "it is delivered after the wait";
}

} // namespace
} // namespace rondo
