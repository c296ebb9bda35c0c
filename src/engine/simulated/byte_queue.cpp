// SPDX-License-Identifier: MIT
#include "byte_queue.hpp"

#include <algorithm>

namespace rondo::engine::simulation {

void byte_queue::reserve(std::size_t count) {
    // Moved only when at least as much is gone as stays: each byte moves once on average.
    if (bytes_.capacity() - bytes_.size() < count && taken_ >= size()) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
    }
    if (bytes_.capacity() - bytes_.size() < count)
        bytes_.reserve(std::max(bytes_.size() + count, 2 * bytes_.capacity()));
}

void byte_queue::append(parts from, std::size_t count) {
    reserve(count);
    bytes_.resize(bytes_.size() + count);
    copy_from(from, 0, bytes_.data() + (bytes_.size() - count), count);
}

void byte_queue::append(void const* from, std::size_t count) {
    reserve(count);
    bytes_.resize(bytes_.size() + count);
    std::copy_n(static_cast<std::byte const*>(from), count,
                bytes_.data() + (bytes_.size() - count));
}

std::size_t byte_queue::peek(parts into, std::size_t count) const noexcept {
    return copy_to(into, 0, data(), std::min(count, size()));
}

void byte_queue::drop(std::size_t count) noexcept {
    taken_ += std::min(count, size());
    if (taken_ == bytes_.size()) {
        bytes_.clear();
        taken_ = 0;
    }
}

void byte_queue::drop_after(std::size_t at, std::size_t count) noexcept {
    auto const first = bytes_.begin() + static_cast<std::ptrdiff_t>(taken_ + at);
    bytes_.erase(first, first + static_cast<std::ptrdiff_t>(count));
}

} // namespace rondo::engine::simulation
