// SPDX-License-Identifier: MIT
#include <rondo/ring/submission_queue.hpp>

#include <cstring>
#include <utility>

namespace rondo {

submission_queue::submission_queue(void* rings, void* sqes, abi::params const& p) noexcept
    : sqes_(static_cast<abi::sqe*>(sqes)) {
    auto const word = [rings](std::uint32_t offset) {
        return reinterpret_cast<std::uint32_t*>(static_cast<char*>(rings) + offset);
    };
    khead_ = word(p.sq_off.head);
    ktail_ = word(p.sq_off.tail);
    kflags_ = word(p.sq_off.flags);
    kdropped_ = word(p.sq_off.dropped);
    entries_ = p.sq_entries;
    mask_ = p.sq_entries - 1;
    stride_ = has(static_cast<abi::setup>(p.flags), abi::setup::sqe128) ? 128 : 64;
    rewinds_ = has(static_cast<abi::setup>(p.flags), abi::setup::sq_rewind);
    tail_ = rewinds_ ? 0 : *ktail_;
    limit_ = (rewinds_ ? 0 : *khead_) + entries_;
    if (!has(static_cast<abi::setup>(p.flags), abi::setup::no_sqarray)) {
        // The kernel's indirection, set once so that entry i is always SQE i.
        std::uint32_t* const array = word(p.sq_off.array);
        for (std::uint32_t i = 0; i < entries_; ++i)
            array[i] = i;
    }
}

bool submission_queue::refresh(std::uint32_t n) noexcept {
    if (khead_ == nullptr || rewinds_)
        return false;
    // Partner: the kernel's release of the head after it has copied the SQEs.
    limit_ = load_acquire(khead_) + entries_;
    return limit_ - tail_ >= n;
}

void submission_queue::rewind(std::uint32_t taken) noexcept {
    std::memmove(at(0), at(taken), (tail_ - taken) * stride_);
    tail_ -= taken;
    taken_ += taken;
}

void submission_queue::continue_from(submission_queue const& before) noexcept {
    if (!rewinds_)
        return;
    std::memcpy(at(0), before.at(0), before.tail_ * stride_);
    tail_ = before.tail_;
    taken_ = before.taken_;
}

bool submission_queue::withdraw_newest() noexcept {
    if (tail() == head())
        return false;
    --tail_;
    if (!rewinds_)
        store_release(ktail_, tail_);
    return true;
}

std::uint32_t submission_queue::withdraw() noexcept {
    if (khead_ == nullptr)
        return 0;
    if (rewinds_)
        return std::exchange(tail_, 0);
    std::uint32_t const head = load_acquire(khead_);
    std::uint32_t const withdrawn = tail_ - head;
    tail_ = head;
    store_release(ktail_, tail_);
    return withdrawn;
}

} // namespace rondo
