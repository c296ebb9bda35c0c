// SPDX-License-Identifier: MIT
#pragma once

// A ring's requests: where they live, all that are in flight in the order they were taken, and
// queues of some of them. Under the ring's lock.

#include "request.hpp"

#include <cstdint>
#include <deque>
#include <new>

namespace rondo::engine::emulation {

/// First in, first out, by request::next: a request stands in one queue at a time.
class request_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] request* first() const noexcept { return first_; }
    void push(request& r) noexcept {
        r.next = nullptr;
        (last_ != nullptr ? last_->next : first_) = &r;
        last_ = &r;
    }
    request& pop() noexcept {
        request& r = *first_;
        first_ = r.next;
        if (first_ == nullptr)
            last_ = nullptr;
        r.next = nullptr;
        return r;
    }
    /// False: it is not here.
    bool remove(request& r) noexcept {
        request* before = nullptr;
        for (request* at = first_; at != nullptr; before = at, at = at->next) {
            if (at != &r)
                continue;
            (before != nullptr ? before->next : first_) = at->next;
            if (last_ == at)
                last_ = before;
            at->next = nullptr;
            return true;
        }
        return false;
    }

private:
    request* first_ = nullptr;
    request* last_ = nullptr;
};

/// See the top of this file.
class request_list {
public:
    /// A fresh one, in flight; null for want of memory.
    request* add(kernel_side& owner) noexcept {
        request* r = free_;
        if (r != nullptr) {
            free_ = r->next;
            r->next = nullptr;
        } else {
            try {
                r = &all_.emplace_back();
            } catch (std::bad_alloc const&) {
                return nullptr;
            }
            r->index = static_cast<std::uint32_t>(all_.size() - 1);
        }
        r->owner = &owner;
        r->older = newest_;
        (newest_ != nullptr ? newest_->newer : oldest_) = r;
        newest_ = r;
        ++size_;
        return r;
    }
    /// Ends its use: whatever it owned is let go.
    void remove(request& r) noexcept {
        (r.older != nullptr ? r.older->newer : oldest_) = r.newer;
        (r.newer != nullptr ? r.newer->older : newest_) = r.older;
        --size_;
        r.clear();
        r.next = free_;
        free_ = &r;
    }
    /// The one in that place, if it is still the one that was there.
    [[nodiscard]] request* at(std::uint32_t index, std::uint32_t generation) noexcept {
        request& r = all_[index];
        return r.generation == generation && r.owner != nullptr ? &r : nullptr;
    }
    [[nodiscard]] request* oldest() const noexcept { return oldest_; }
    [[nodiscard]] request* newest() const noexcept { return newest_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

private:
    std::deque<request> all_; // never moves one
    request* free_ = nullptr;
    request* oldest_ = nullptr;
    request* newest_ = nullptr;
    std::uint32_t size_ = 0;
};

} // namespace rondo::engine::emulation
