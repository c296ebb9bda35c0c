// SPDX-License-Identifier: MIT
#pragma once

// A way from one socket to another on which nothing overtakes anything. One thread.

#include "guarded.hpp"
#include "world.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

namespace rondo::engine::simulation {

/// See the top of this file. It lives until all has come that was sent.
class lane : public std::enable_shared_from_this<lane> {
public:
    explicit lane(world& w) noexcept : world_(w) {}
    lane(lane const&) = delete;
    lane& operator=(lane const&) = delete;
    virtual ~lane() = default;

    /// Calls `what`, which must not throw, when its time has come: after all that was sent before.
    template <class Event>
    void carry(Event const& what) noexcept {
        std::int64_t const now = world_.now();
        due_ = std::max(due_, now + travel_time(world_));
        if (due_ == now && under_way_ == 0)
            return what();
        try {
            world_.later(due_ - now, [self = shared_from_this(), what] {
                --self->under_way_;
                what();
            });
            ++under_way_;
        } catch (std::bad_alloc const&) {
            what(); // out of turn is better than never
        }
    }

protected:
    world& world_;

private:
    std::int64_t due_ = 0; // of what was sent last
    int under_way_ = 0;
};

} // namespace rondo::engine::simulation
