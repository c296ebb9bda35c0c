// SPDX-License-Identifier: MIT
#pragma once

// The descriptors that a ring's requests wait for, and the ring's sleep: one epoll set. The set's
// own descriptor names the ring, so that it can be polled like a kernel's. Under the ring's lock,
// except sleep(), which one thread at a time is in, and wake(), which any thread may call.

#include "request.hpp"

#include <rondo/core/result.hpp>

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo::engine::emulation {

/// See the top of this file. Move-only.
class poller {
public:
    /// A request that was there when its descriptor was: compare both before it is believed.
    struct ready {
        std::uint32_t index;
        std::uint32_t generation;
        std::uint32_t events;
    };
    static constexpr std::size_t batch = 128;

    static result<poller> create() noexcept;

    [[nodiscard]] int descriptor() const noexcept { return set_.get(); }
    /// Closes the set; wake() stays harmless.
    void close() noexcept { set_.reset(); }

    /// Watches r.fd for `events`, edge-triggered, or changes what it is watched for. 0, or -EPERM
    /// for what is always ready (a regular file), or another -errno.
    std::int32_t watch(request& r, std::uint32_t events) noexcept;
    void unwatch(request& r) noexcept;

    /// Sleeps until something is ready, woken or `ns` nanoseconds are over (0: looks only; -1: for
    /// ever). Returns how many there are, or -EINTR, -EBADF.
    long sleep(std::span<::epoll_event> out, std::int64_t ns, void const* signals,
               std::size_t signals_bytes) noexcept;
    /// Whether it is the alarm, which stays ready until it is set anew.
    static bool is_alarm(::epoll_event const& event) noexcept;
    /// What any other event is about; false: it was a wake-up.
    static bool read(::epoll_event const& event, ready& out) noexcept;

    /// Ends the present or the next sleep.
    void wake() noexcept;
    /// Forgets wake-ups.
    void calm() noexcept;
    /// Ends sleeps, and makes the set readable, `ns` nanoseconds from now; -1: never. Nothing
    /// happens for want of descriptors.
    void set_alarm(std::int64_t ns) noexcept;

private:
    held_fd set_;
    held_fd bell_;
    held_fd alarm_; // once one was set
    bool no_pwait2_ = false;
};

} // namespace rondo::engine::emulation
