// SPDX-License-Identifier: MIT
#pragma once

// UDP over 127.0.0.0/8 and ::1: each datagram takes its own time, so that one may overtake another.
// None is lost but those that find no room or nobody. One thread.

#include "datagram_socket.hpp"
#include "inet_place.hpp"

#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class udp_socket final : public datagram_socket {
public:
    udp_socket(world& w, int domain) noexcept;

    long bind(socket_address const& to) override;
    long connect(socket_address const& to) override;
    long shutdown(unsigned shut) noexcept override;
    long send(parts from, int flags, socket_address const* to) override;
    long peer_name(socket_address& out) const override;

private:
    void left() noexcept override;
    [[nodiscard]] bool is_writable() const noexcept override { return true; }
    [[nodiscard]] long before_option(int level, int name) const noexcept override;
    void after_option() noexcept override;

    /// Where it goes to: 0 or why it cannot.
    [[nodiscard]] long find_way(socket_address const* to, socket_address& there);
    void arrive(std::shared_ptr<datagram> one) noexcept;
    void refused(socket_address const& there) noexcept;

    inet_place place_;
    bool has_own_port_ = false; // of bind(2)
};

} // namespace rondo::engine::simulation
