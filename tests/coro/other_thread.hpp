// SPDX-License-Identifier: MIT
#pragma once

// A loop on a thread of its own, for tests of what crosses threads. The thread that made it.

#include <rondo/loop/loop.hpp>

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

namespace rondo::test {

/// A loop on a thread of its own, until it is destroyed; or until a task there ends it.
class other_thread {
public:
    other_thread() {
        std::binary_semaphore ready(0);
        thread_ = std::thread([&] {
            auto made = loop::create().or_throw("loop");
            where_ = &made;
            ready.release();
            made.run_until(done_).or_throw("run");
        });
        ready.acquire();
    }
    other_thread(other_thread const&) = delete;
    other_thread& operator=(other_thread const&) = delete;
    ~other_thread() {
        if (!thread_.joinable())
            return;
        struct finish : inbox_item {
            explicit finish(bool& done)
                : inbox_item([](inbox_item& m) noexcept { static_cast<finish&>(m).flag = true; }),
                  flag(done) {}
            bool& flag;
        } last(done_);
        EXPECT_TRUE(where_->inbox().post(last));
        thread_.join();
    }
    [[nodiscard]] loop& where() const { return *where_; }
    /// On its thread: the loop ends when what calls this is over, or has left.
    void end_here() { done_ = true; }
    /// After end_here(), or before it: waits until the loop is gone.
    void join() { thread_.join(); }

private:
    std::thread thread_;
    loop* where_ = nullptr;
    bool done_ = false;
};

} // namespace rondo::test
