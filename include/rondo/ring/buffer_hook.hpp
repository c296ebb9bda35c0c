// SPDX-License-Identifier: MIT
#pragma once

// buffer_hook: a place in the line of those for whom a pool had no buffer. One buffer that comes
// back is news for one of them, the first that has none yet; who then goes on, or stops waiting,
// passes on what there is for the next. What waits, and how it goes on, is for others to say:
// buffer_in() and rondo::stream do for coroutines. Nothing allocates. One thread: the ring's.

#include <cstdint>

namespace rondo {

class buffer_ring;
struct buffer_ring_state;

/// See the top of this file. Pinned; leaves its line when it is destroyed. Its pool outlives its
/// waits.
class buffer_hook {
public:
    enum class news : std::uint8_t {
        none,
        left_over, ///< the one before went on, and there is a buffer if it leaves it
        returned,  ///< a buffer came back
    };
    /// Must not look, leave or go on itself: that is for later, as is everything else that the
    /// loop runs. Of `left_over` the right time is when the kernel has seen what the one before
    /// has started. One that was told is not told the same or less again before it has looked.
    using told_function = void (*)(buffer_hook& self, news what) noexcept;

    /// `pool` may be moved meanwhile.
    buffer_hook(buffer_ring& pool, told_function told) noexcept;
    buffer_hook(buffer_hook const&) = delete;
    buffer_hook& operator=(buffer_hook const&) = delete;
    ~buffer_hook() { leave(); }

    /// Looks. True: there is a buffer, it is this one's turn, and it is in line no more. Else it is
    /// in line, where it was or at the end, and will be told. Another operation can be faster to
    /// take the buffer. Kernels before Linux 6.8 do not tell what they have taken, and a buffer
    /// that waits in one of their worker threads counts as there.
    [[nodiscard]] bool pass_or_wait() noexcept;
    /// Waits no more. Of one that is not in line: nothing.
    void leave() noexcept;
    [[nodiscard]] bool is_in_line() const noexcept { return in_line_; }
    /// The pool has not ended.
    [[nodiscard]] bool has_pool() const noexcept;

private:
    friend struct buffer_ring_state;

    void unlink() noexcept;

    buffer_ring_state* pool_;
    told_function told_;
    buffer_hook* previous_ = nullptr;
    buffer_hook* next_ = nullptr;
    news knows_ = news::none;
    bool in_line_ = false;
};

} // namespace rondo
