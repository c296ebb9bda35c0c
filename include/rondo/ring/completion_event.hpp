// SPDX-License-Identifier: MIT
#pragma once

// completion_event: an eventfd(2) that becomes readable when a ring has completions, for programs
// whose loop waits on something else than the ring. A hint, not a count: it may be signalled once
// for many completions, and sometimes for none. One thread: the ring's; waiting for the eventfd
// any.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/registrar.hpp>

namespace rondo {

class ring;

/// Options of completion_event::create.
struct completion_event_options {
    /// An eventfd of the caller's, which stays open as long as this; -1: a new, non-blocking one.
    int fd = -1;
    /// Only for what worker threads complete, not for what the ring's own thread does. Linux 5.6
    bool async_only = false;
};

/// See the top of this file. Move-only; ends the registration.
class completion_event {
public:
    /// Linux 5.2. EBUSY with cause::in_use: the ring has one. EINVAL: `fd` is no eventfd.
    [[nodiscard]] static result<completion_event> create(
        ring& owner, completion_event_options const& options = {}) noexcept;

    completion_event(completion_event&&) noexcept = default;
    completion_event& operator=(completion_event&& other) noexcept;
    ~completion_event() { end(); }

    /// The eventfd: read 8 bytes to reset it.
    [[nodiscard]] int native_handle() const noexcept { return fd_; }

    /// Stops or resumes the signals of a ring's event without a system call. A completion that is
    /// posted meanwhile signals nothing later. ENOTSUP with cause::missing_feature. Linux 5.8
    static result<> silence(ring& owner, bool silent) noexcept;

private:
    completion_event(registrar_ref registry, unique_fd own, int fd) noexcept
        : registry_(std::move(registry)), own_(std::move(own)), fd_(fd) {}
    void end() noexcept;

    registrar_ref registry_;
    unique_fd own_;
    int fd_;
};

} // namespace rondo
