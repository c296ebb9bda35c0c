// SPDX-License-Identifier: MIT
#include <rondo/coro/sync_wait.hpp>

#include <rondo/core/assert.hpp>

#include <time.h>

namespace rondo::detail {

loop loop_to_wait_on() { return loop::create().or_throw("the loop of sync_wait()"); }

// A ring that failed may work again. If it does not, all that needs no kernel can still end: what
// it never took, what sleeps or waits for others. The rest is in flight, and no one but the kernel
// can say when it lets go of the memory.
void end_after_failure(loop& on, strand& line, bool const& over) noexcept {
    constexpr int attempts = 1'000;
    constexpr int rounds = 16; // who tries again for ever must not keep the ring from it
    constexpr ::timespec pause{0, 1'000'000};
    line.request_stop();
    error why;
    for (int i = 0; i < attempts && !over; ++i) {
        result<> const ran = on.run_until(over);
        if (ran)
            return;
        why = ran.error();
        for (int k = 0; k < rounds && !over && on.run_without_kernel(); ++k)
            continue;
        if (!over)
            ::nanosleep(&pause, nullptr);
    }
    if (over)
        return;
    error_text text;
    text.append("the ring of sync_wait()'s loop works no more (").append(why.message());
    text.append("), and its task cannot end without it, as it waits for ").append(line.awaited());
    text.append(", whose memory the kernel may use: leave the ring's descriptor open, and "
                "io_uring_enter(2) allowed, while tasks run");
    RONDO_ASSERT(false, text.c_str());
}

} // namespace rondo::detail
