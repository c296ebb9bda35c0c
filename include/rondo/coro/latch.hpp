// SPDX-License-Identifier: MIT
#pragma once

// latch: an event that is set when it was counted down to zero, once. Any thread.

#include <rondo/core/assert.hpp>
#include <rondo/core/word.hpp>
#include <rondo/coro/event.hpp>

#include <cstddef>

namespace rondo {

/// See the top of this file. Destroying one that is waited for aborts.
class latch {
public:
    explicit latch(std::size_t count) noexcept : left_(count), open_(count == 0) {}

    /// Not below zero.
    void count_down(std::size_t n = 1) noexcept {
        // Release and acquire: what each did before its count_down, who waits sees after it.
        std::size_t const before = __atomic_fetch_sub(&left_, n, __ATOMIC_ACQ_REL);
        RONDO_ASSERT(before >= n, "a latch was counted down below zero");
        if (before == n && n != 0)
            open_.set();
    }
    [[nodiscard]] bool is_open() noexcept { return open_.is_set(); }
    /// result<>, as event::wait().
    [[nodiscard]] detail::wait_request<detail::event_wait> wait() noexcept { return open_.wait(); }

private:
    std::size_t left_;
    event open_;
};

} // namespace rondo
