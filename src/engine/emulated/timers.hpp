// SPDX-License-Identifier: MIT
#pragma once

// Requests that wait for a point in time: a heap per clock. Under the ring's lock.

#include "request.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace rondo::engine::emulation {

/// See the top of this file.
class timers {
public:
    /// By r.due on r.clock. False for want of memory.
    bool add(request& r) noexcept;
    void remove(request& r) noexcept;
    [[nodiscard]] bool empty() const noexcept {
        return heaps_[0].empty() && heaps_[1].empty() && heaps_[2].empty();
    }
    /// The one that is due first on that clock; null: none.
    [[nodiscard]] request* first(timer_clock clock) const noexcept {
        auto const& heap = heaps_[static_cast<std::size_t>(clock)];
        return heap.empty() ? nullptr : heap.front();
    }

private:
    using request_heap = std::vector<request*>;
    static void up(request_heap& h, std::size_t at) noexcept;
    static void down(request_heap& h, std::size_t at) noexcept;

    std::array<request_heap, timer_clocks> heaps_;
};

} // namespace rondo::engine::emulation
