// SPDX-License-Identifier: MIT
// Closing a ring of the engine in user space while other threads are in it.
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/enter.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/engine/emulated.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <thread>

namespace rondo {
namespace {

using namespace std::chrono_literals;

class closing : public ::testing::Test {
protected:
    static int make() {
        abi::params p{};
        long const fd = who().setup(4, p);
        EXPECT_GE(fd, 0);
        return static_cast<int>(fd);
    }
    static engine::backend& who() { return engine::emulated_backend(); }
    static long wait(int fd) {
        return who().enter(fd, 0, 1, raw(abi::enter::getevents), nullptr, 8);
    }
};

TEST_F(closing, ends_the_waits_of_other_threads) {
    int const fd = make();
    std::atomic<int> ended = 0;
    auto const sleep = [&] {
        EXPECT_EQ(wait(fd), -EBADF);
        ++ended;
    };
    std::thread first(sleep), second(sleep); // one in the poller, one behind it
    std::this_thread::sleep_for(30ms);
    EXPECT_EQ(ended, 0);
    who().close(fd);
    first.join();
    second.join();
    EXPECT_EQ(who().enter(fd, 0, 0, 0, nullptr, 0), -EBADF);
}

// For sanitizers and for whoever unmaps what was freed.
TEST_F(closing, may_come_at_any_moment_of_another_threads_call) {
    std::atomic<int> current = -1;
    std::atomic<bool> over = false;
    std::thread other([&] {
        while (!over) {
            int const fd = current;
            if (fd < 0)
                continue;
            long const answer = who().enter(fd, 0, 0, raw(abi::enter::getevents), nullptr, 8);
            EXPECT_TRUE(answer == 0 || answer == -EBADF || answer == -EOPNOTSUPP) << answer;
        }
    });
    auto const end = std::chrono::steady_clock::now() + 500ms;
    while (std::chrono::steady_clock::now() < end) {
        int const fd = make();
        current = fd;
        std::this_thread::yield();
        who().close(fd);
    }
    over = true;
    other.join();
}

} // namespace
} // namespace rondo
