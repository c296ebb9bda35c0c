// SPDX-License-Identifier: MIT
#pragma once

// What comes to a ring from outside its lock: requests that workers and watchers are through with,
// and completions from other rings. Any thread.

#include "request.hpp"

#include <rondo/abi/cqe.hpp>

#include <atomic>
#include <mutex>
#include <vector>

namespace rondo::engine::emulation {

/// See the top of this file.
class inbox {
public:
    /// Requests, oldest first by request::next, each with its `handed` set.
    struct contents {
        request* requests = nullptr;
        std::vector<abi::cqe32> completions;
    };

    void put(request& r, outcome const& how) noexcept {
        std::lock_guard const lock(mutex_);
        r.handed = how;
        r.next = nullptr;
        (last_ != nullptr ? last_->next : first_) = &r;
        last_ = &r;
        filled_.store(true, std::memory_order_seq_cst);
    }
    /// False for want of memory.
    bool put(abi::cqe32 const& c) noexcept;
    /// Whether there is something: a hint that the next take() makes good.
    [[nodiscard]] bool is_filled() const noexcept { return filled_.load(); }
    [[nodiscard]] contents take() noexcept;

private:
    std::mutex mutex_;
    request* first_ = nullptr;
    request* last_ = nullptr;
    std::vector<abi::cqe32> completions_;
    std::atomic<bool> filled_ = false;
};

} // namespace rondo::engine::emulation
