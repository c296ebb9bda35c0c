// SPDX-License-Identifier: MIT
#include "memory_parts.hpp"

#include <algorithm>
#include <new>

namespace rondo::engine::emulation {

std::size_t bytes_of(std::span<::iovec const> memory) noexcept {
    std::size_t bytes = 0;
    for (::iovec const& part : memory)
        bytes += std::min(part.iov_len, most_bytes - bytes);
    return bytes;
}

bool memory_parts::assign(std::span<::iovec const> memory, std::uint64_t skip,
                          std::size_t most) noexcept {
    if (memory.size() > few_.size()) {
        try {
            many_.resize(memory.size());
        } catch (std::bad_alloc const&) {
            return false;
        }
        first_ = many_.data();
    }
    most = std::min(most, most_bytes);
    for (::iovec const& part : memory) {
        if (static_cast<std::ptrdiff_t>(part.iov_len) < 0) {
            first_[count_++] = part;
            continue;
        }
        std::size_t const skipped = std::min<std::uint64_t>(part.iov_len, skip);
        skip -= skipped;
        std::size_t const size = std::min(part.iov_len - skipped, most - bytes_);
        if (size == 0)
            continue;
        first_[count_++] = {static_cast<std::byte*>(part.iov_base) + skipped, size};
        bytes_ += size;
    }
    return true;
}

} // namespace rondo::engine::emulation
