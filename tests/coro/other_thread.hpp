// SPDX-License-Identifier: MIT
#pragma once

// A loop on a thread of its own, for tests of what crosses threads. The thread that made it.

#include <rondo/loop/loop.hpp>

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

namespace rondo::test {

/// A loop on a thread of its own, until it is destroyed.
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
    ~other_thread() {
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

private:
    std::thread thread_;
    loop* where_ = nullptr;
    bool done_ = false;
};

} // namespace rondo::test
