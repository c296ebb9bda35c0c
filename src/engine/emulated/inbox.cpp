// SPDX-License-Identifier: MIT
#include "inbox.hpp"

#include <new>
#include <utility>

namespace rondo::engine::emulation {

bool inbox::put(abi::cqe32 const& c) noexcept {
    std::lock_guard const lock(mutex_);
    try {
        completions_.push_back(c);
    } catch (std::bad_alloc const&) {
        return false;
    }
    filled_.store(true);
    return true;
}

inbox::contents inbox::take() noexcept {
    if (!is_filled())
        return {};
    std::lock_guard const lock(mutex_);
    filled_.store(false, std::memory_order_relaxed); // under the lock that all stores are under
    last_ = nullptr;
    return {std::exchange(first_, nullptr), std::exchange(completions_, {})};
}

} // namespace rondo::engine::emulation
