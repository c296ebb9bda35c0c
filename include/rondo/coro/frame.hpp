// SPDX-License-Identifier: MIT
#pragma once

// Where tasks' frames come from: lists of free frames by size, of each thread, so that starting a
// task costs no call of the allocator when one of its size has ended before. Or from an allocator
// that the coroutine takes as a parameter. Any thread.

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace rondo {

/// Frames of tasks that this thread keeps for later ones are given back to the allocator.
void release_free_frames() noexcept;
/// Frames that came from the allocator on this thread since it began.
[[nodiscard]] std::size_t frames_allocated() noexcept;

namespace detail {

/// Throws std::bad_alloc.
[[nodiscard]] void* take_frame(std::size_t bytes);
void return_frame(void* frame, std::size_t bytes) noexcept;

/// Base of promises. A coroutine whose first parameters are std::allocator_arg and an allocator has
/// its frame from that; it must outlive the task.
class frame_memory {
public:
    static void* operator new(std::size_t bytes) { return with_header(take_frame, bytes); }
    template <class Allocator, class... Rest>
    static void* operator new(std::size_t bytes, std::allocator_arg_t, Allocator const& from,
                              Rest const&...) {
        return from_allocator(bytes, from);
    }
    template <class Self, class Allocator, class... Rest>
    static void* operator new(std::size_t bytes, Self const&, std::allocator_arg_t,
                              Allocator const& from, Rest const&...) {
        return from_allocator(bytes, from);
    }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        auto* const start = static_cast<std::byte*>(frame) - header;
        (*reinterpret_cast<release_function*>(start))(start, bytes + header);
    }

private:
    using release_function = void (*)(void* memory, std::size_t bytes) noexcept;
    static constexpr std::size_t header = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

    static void* with_header(void* (*take)(std::size_t), std::size_t bytes) {
        auto* const start = static_cast<std::byte*>(take(bytes + header));
        ::new (start) release_function(&return_frame);
        return start + header;
    }
    template <class Allocator>
    static void* from_allocator(std::size_t bytes, Allocator const& from) {
        struct alignas(header) unit {
            std::byte bytes[header];
        };
        using allocator = typename std::allocator_traits<Allocator>::template rebind_alloc<unit>;
        using traits = std::allocator_traits<allocator>;
        // The allocator itself goes behind the frame.
        constexpr std::size_t own = (sizeof(allocator) + header - 1) / header;
        std::size_t const units = 1 + (bytes + header - 1) / header;
        allocator a(from);
        auto* const start = std::to_address(traits::allocate(a, units + own));
        ::new (static_cast<void*>(start + units)) allocator(a);
        ::new (static_cast<void*>(start))
            release_function([](void* memory, std::size_t size) noexcept {
                auto* const first = static_cast<unit*>(memory);
                std::size_t const n = (size + header - 1) / header;
                auto* const kept = std::launder(reinterpret_cast<allocator*>(first + n));
                allocator back(std::move(*kept));
                kept->~allocator();
                traits::deallocate(back, first, n + own);
            });
        return reinterpret_cast<std::byte*>(start) + header;
    }
};

} // namespace detail
} // namespace rondo
