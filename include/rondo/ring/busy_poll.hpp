// SPDX-License-Identifier: MIT
#pragma once

// busy_poll: waits of a ring poll the network cards of its sockets for a while before they sleep
// (NAPI), which trades CPU time for latency. One thread: the ring's.

#include <rondo/core/result.hpp>
#include <rondo/ring/registrar.hpp>

#include <cstdint>

namespace rondo {

class ring;

/// Options of busy_poll::create.
struct busy_poll_options {
    /// How long a wait polls, in microseconds; 0 does not poll.
    std::uint32_t poll_us = 50;
    /// Poll rather than take interrupts while the card is busy, as SO_PREFER_BUSY_POLL in
    /// socket(7).
    bool prefer = false;
};

/// See the top of this file. Move-only; afterwards waits sleep at once.
class busy_poll {
public:
    /// Linux 6.9. EINVAL: not for rings made with setup::iopoll; with cause::missing_feature: the
    /// kernel was built without CONFIG_NET_RX_BUSY_POLL.
    [[nodiscard]] static result<busy_poll> create(ring& owner,
                                                  busy_poll_options const& options = {}) noexcept;

    busy_poll(busy_poll&&) noexcept = default;
    busy_poll& operator=(busy_poll&& other) noexcept;
    ~busy_poll() { end(); }

    /// What was set before.
    [[nodiscard]] busy_poll_options const& former() const noexcept { return former_; }

private:
    busy_poll(registrar_ref registry, busy_poll_options const& former) noexcept
        : registry_(std::move(registry)), former_(former) {}
    void end() noexcept;

    registrar_ref registry_;
    busy_poll_options former_;
};

} // namespace rondo
