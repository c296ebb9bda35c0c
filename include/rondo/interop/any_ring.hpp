// SPDX-License-Identifier: MIT
#pragma once

// any_ring: a ring of one thread or one that threads share, for objects that work with either. It
// borrows. Used by the threads that may use the ring.

#include <rondo/ring/features.hpp>
#include <rondo/ring/ring.hpp>
#include <rondo/ring/shared_ring.hpp>

namespace rondo {

/// See the top of this file. A value; the ring outlives it and stays where it is.
class any_ring {
public:
    constexpr any_ring(ring& one) noexcept : one_(&one) {}
    constexpr any_ring(shared_ring& shared) noexcept : shared_(&shared) {}

    /// ring::run or shared_ring::run.
    template <op::operation Op>
    result<typename Op::value_type> run(Op const& o) const noexcept {
        return shared_ != nullptr ? shared_->run(o) : one_->run(o);
    }
    [[nodiscard]] rondo::features const& features() const noexcept {
        return shared_ != nullptr ? shared_->features() : one_->features();
    }
    /// Whether any thread may use it.
    [[nodiscard]] constexpr bool is_shared() const noexcept { return shared_ != nullptr; }

private:
    ring* one_ = nullptr;
    shared_ring* shared_ = nullptr;
};

} // namespace rondo
