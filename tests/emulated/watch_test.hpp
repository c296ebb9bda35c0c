// SPDX-License-Identifier: MIT
#pragma once

// Requests without a ring, and what watches give back of them. One test at a time.

#include <engine/emulated/families.hpp>
#include <engine/emulated/finish.hpp>
#include <engine/emulated/request.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace rondo::engine::emulation {

class watch_test : public testing::Test {
protected:
    using given = std::pair<request*, outcome>;

    watch_test() : before_(give_back.exchange(&receive)) { current_ = this; }
    ~watch_test() override {
        EXPECT_FALSE(comes(std::chrono::milliseconds(0))) << "a request came back unasked for";
        give_back.store(before_);
    }

    /// A request of `code`, as if it had just been taken.
    request& make(abi::opcode code, abi::sqe const& entry) {
        request& r = requests_.emplace_back();
        r.what = find_wait(code);
        r.entry.head = entry;
        r.entry.head.opcode = static_cast<std::uint8_t>(code);
        return r;
    }
    static std::int32_t check(request const& r) { return r.what->check(r.sqe()); }
    static outcome attempt(request& r) { return r.what->attempt(r, false); }
    static bool take_back(request& r) { return r.what->take_back(r); }

    /// One has come back.
    bool comes(std::chrono::milliseconds most = std::chrono::seconds(10)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, most, [&] { return !given_.empty(); });
    }
    bool none_comes() { return !comes(std::chrono::milliseconds(20)); }
    given next() {
        if (!comes()) {
            ADD_FAILURE() << "nothing came back";
            return {nullptr, outcome::answer(-1)};
        }
        std::lock_guard const lock(mutex_);
        given const first = given_.front();
        given_.pop_front();
        return first;
    }

private:
    static void receive(request& r, outcome how) noexcept {
        std::lock_guard const lock(current_->mutex_);
        current_->given_.emplace_back(&r, how);
        current_->changed_.notify_all();
    }

    static inline watch_test* current_ = nullptr;
    finish_later_function before_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<given> given_;
    std::deque<request> requests_;
};

} // namespace rondo::engine::emulation
