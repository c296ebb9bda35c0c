// SPDX-License-Identifier: MIT
#include <rondo/coro/frame.hpp>

#include <cstddef>
#include <new>

namespace rondo {
namespace {

struct free_frame {
    free_frame* next;
};

constexpr std::size_t step = 64;
constexpr std::size_t classes = 32; // up to 2 KiB
constexpr std::size_t most_kept = 1'024;

/// A thread's own; a frame goes to the thread where it ends.
struct free_frames {
    free_frame* first[classes] = {};
    std::size_t count[classes] = {};
    std::size_t allocated = 0;

    ~free_frames() { release(); }
    void release() noexcept {
        for (std::size_t i = 0; i < classes; ++i) {
            while (first[i] != nullptr) {
                free_frame* const f = first[i];
                first[i] = f->next;
                ::operator delete(f);
            }
            count[i] = 0;
        }
    }
};

thread_local free_frames mine;

std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / step; }

} // namespace

void release_free_frames() noexcept { mine.release(); }
std::size_t frames_allocated() noexcept { return mine.allocated; }

void* detail::take_frame(std::size_t bytes) {
    std::size_t const i = class_of(bytes);
    if (i >= classes) {
        ++mine.allocated;
        return ::operator new(bytes);
    }
    if (free_frame* const f = mine.first[i]; f != nullptr) [[likely]] {
        mine.first[i] = f->next;
        --mine.count[i];
        return f;
    }
    ++mine.allocated;
    return ::operator new((i + 1) * step);
}

void detail::return_frame(void* frame, std::size_t bytes) noexcept {
    std::size_t const i = class_of(bytes);
    if (i >= classes || mine.count[i] == most_kept)
        return ::operator delete(frame);
    mine.first[i] = ::new (frame) free_frame{mine.first[i]};
    ++mine.count[i];
}

} // namespace rondo
