// SPDX-License-Identifier: MIT
#pragma once

// value_queue: values first in, first out, for channels. A ring of a given size, or as many as
// come: then each new ring is larger than the one before, and none is moved. One thread at a time.

#include <cstddef>
#include <limits>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace rondo::detail {

template <class T>
class value_queue {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "a value that cannot be moved, or throws then, would be lost on its way");

public:
    value_queue() noexcept = default;
    value_queue(value_queue const&) = delete;
    value_queue& operator=(value_queue const&) = delete;
    ~value_queue() {
        while (first_ != nullptr) {
            for (; first_->count != 0; drop_first(*first_)) {
            }
            free_ring(std::exchange(first_, first_->next));
        }
    }
    void swap(value_queue& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        std::swap(size_, other.size_);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Of an empty queue: room for `n`. False: no memory.
    [[nodiscard]] bool reserve(std::size_t n) noexcept { return n == 0 || add_ring(n); }
    /// False: no memory, and the value is as before.
    [[nodiscard]] bool push(T& value) noexcept {
        if ((last_ == nullptr || last_->count == last_->capacity) && !grow()) [[unlikely]]
            return false;
        std::size_t at = last_->head + last_->count;
        at -= at >= last_->capacity ? last_->capacity : 0;
        ::new (static_cast<void*>(last_->at(at))) T(std::move(value));
        ++last_->count;
        ++size_;
        return true;
    }
    /// Not of an empty one.
    void pop(std::optional<T>& into) noexcept {
        ring& r = *first_;
        into.emplace(std::move(*std::launder(r.at(r.head))));
        drop_first(r);
        --size_;
        if (r.count == 0 && r.next != nullptr) {
            first_ = r.next;
            free_ring(&r);
        }
    }

private:
    struct ring {
        ring* next;
        std::size_t capacity;
        std::size_t head;
        std::size_t count;
        [[nodiscard]] T* at(std::size_t i) noexcept {
            return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + values_at) + i;
        }
    };
    static constexpr std::size_t alignment = alignof(T) > alignof(ring) ? alignof(T)
                                                                        : alignof(ring);
    static constexpr std::size_t values_at = (sizeof(ring) + alignment - 1) / alignment * alignment;
    static constexpr std::size_t first_capacity = 16;
    static constexpr std::size_t most_capacity = 4'096;

    static void drop_first(ring& r) noexcept {
        std::launder(r.at(r.head))->~T();
        r.head = r.head + 1 == r.capacity ? 0 : r.head + 1;
        --r.count;
    }
    [[nodiscard]] bool grow() noexcept {
        if (last_ == nullptr)
            return add_ring(first_capacity);
        return add_ring(last_->capacity < most_capacity ? last_->capacity * 2 : most_capacity);
    }
    [[nodiscard]] bool add_ring(std::size_t n) noexcept {
        if (n > (std::numeric_limits<std::size_t>::max() / 2 - values_at) / sizeof(T))
            return false;
        void* const memory =
            ::operator new(values_at + n * sizeof(T), std::align_val_t{alignment}, std::nothrow);
        if (memory == nullptr)
            return false;
        ring* const made = ::new (memory) ring{nullptr, n, 0, 0};
        (last_ != nullptr ? last_->next : first_) = made;
        last_ = made;
        return true;
    }
    static void free_ring(ring* r) noexcept {
        ::operator delete(static_cast<void*>(r), std::align_val_t{alignment});
    }

    ring* first_ = nullptr;
    ring* last_ = nullptr; // only this one is pushed to; those before it are not empty
    std::size_t size_ = 0;
};

} // namespace rondo::detail
