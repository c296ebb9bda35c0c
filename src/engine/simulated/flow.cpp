// SPDX-License-Identifier: MIT
#include "flow.hpp"

#include "stream_socket.hpp"

#include <algorithm>

namespace rondo::engine::simulation {

void flow::send(parts from, std::size_t count) {
    queue_.append(from, count);
    if (has_records_) {
        try {
            records_.push_back(count);
        } catch (std::bad_alloc const&) {
            queue_.drop_after(queue_.size() - count, count);
            throw;
        }
    }
    carry([this, count] { arrive(count); });
}

void flow::arrive(std::size_t count) noexcept {
    if (receiver != nullptr && !receiver->takes_more()) {
        queue_.drop_after(arrived_, count);
        receiver->refuse();
        return;
    }
    if (receiver != nullptr) {
        arrived_ += count;
        ++arrived_records_;
        receiver->came(count);
        return;
    }
    queue_.drop(count);
    if (has_records_)
        records_.pop_front();
    std::shared_ptr<flow> const answer = back.lock();
    if (answers && answer && !std::exchange(refused_, true))
        answer->tell(shut_both, true);
}

void flow::tell(unsigned shut, bool reset) noexcept {
    carry([this, shut, reset] {
        if (receiver != nullptr)
            receiver->told(shut, reset);
    });
}

std::size_t flow::peek(parts into, std::size_t count) const noexcept {
    return queue_.peek(into, std::min(count, arrived_));
}

void flow::drop(std::size_t count) noexcept {
    bool const was_writable = is_writable();
    count = std::min(count, arrived_);
    queue_.drop(count);
    arrived_ -= count;
    if (!was_writable && is_writable() && sender != nullptr)
        sender->changed();
}

void flow::drop_record() noexcept {
    std::size_t const bytes = records_.front();
    records_.pop_front();
    --arrived_records_;
    drop(bytes);
}

void flow::abandon() noexcept {
    receiver = nullptr;
    queue_.drop(std::exchange(arrived_, 0));
    if (has_records_)
        records_.erase(records_.begin(),
                       records_.begin() + static_cast<std::ptrdiff_t>(arrived_records_));
    arrived_records_ = 0;
}

} // namespace rondo::engine::simulation
