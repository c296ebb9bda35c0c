// SPDX-License-Identifier: MIT
#include "read_ahead.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/op/read.hpp>

#include <algorithm>
#include <cerrno>

namespace rondo::tools {

read_ahead::read_ahead(ring& on, buffer into, int fd, std::uint64_t from, std::uint64_t to) noexcept
    : ring_(on), buffer_(into), fd_(fd), next_at_(from), end_(to) {}

void read_ahead::start_read(std::size_t index) noexcept {
    slot const& s = slots_[index];
    std::byte* const data = buffer_.memory + index * block_size + s.filled;
    std::size_t const size = s.wanted - s.filled;
    std::uint64_t const at = s.at + s.filled;
    bool const queued =
        buffer_.registered
            ? ring_.push(op::read{.fd = fd_, .into = registered_bytes{data, size, 0}, .at = at},
                         index)
            : ring_.push(op::read{.fd = fd_, .into = mutable_bytes(data, size), .at = at}, index);
    RONDO_ASSERT(queued, "read_ahead needs a ring of its own with at least `depth` entries");
    ++in_flight_;
}

void read_ahead::start_blocks() noexcept {
    while (next_at_ < end_ && started_ - delivered_ < depth) {
        std::size_t const index = started_++ % depth;
        std::size_t const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(block_size, end_ - next_at_));
        slots_[index] = {.at = next_at_, .wanted = size, .filled = 0, .done = false};
        next_at_ += size;
        start_read(index);
    }
}

/// A block is done when it is full, when the file has ended in it, or when reading it failed; which
/// of the last two, whoever reads on at that place finds out again.
void read_ahead::complete(abi::cqe const& c) noexcept {
    auto const index = static_cast<std::size_t>(c.user_data);
    slot& s = slots_[index];
    --in_flight_;
    if (c.res > 0)
        s.filled += static_cast<std::size_t>(c.res);
    s.done = c.res <= 0 || s.filled == s.wanted;
    if (!s.done && !over_)
        start_read(index);
}

bool read_ahead::wait() noexcept {
    auto const entered = ring_.submit_and_wait(1u);
    if (!entered && entered.error() != EINTR)
        return false;
    abi::cqe c;
    while (ring_.pop(c))
        complete(c);
    return true;
}

const_bytes read_ahead::next() noexcept {
    if (over_)
        return {};
    start_blocks();
    std::size_t const index = delivered_ % depth;
    if (delivered_ == started_)
        return {};
    // Blocks that are there already wait for the disk no longer than half the others do.
    if (slots_[index].done && ring_.sq().unpublished() >= depth / 2)
        over_ = !ring_.submit();
    while (!over_ && !slots_[index].done)
        over_ = !wait();
    if (over_)
        return {};
    ++delivered_;
    slot const& s = slots_[index];
    over_ = s.filled < s.wanted;
    return {buffer_.memory + index * block_size, s.filled};
}

bool read_ahead::finish() noexcept {
    over_ = true;
    while (in_flight_ != 0)
        if (!wait())
            return false;
    return true;
}

} // namespace rondo::tools
