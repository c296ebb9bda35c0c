// SPDX-License-Identifier: MIT
#pragma once

// What the sockets of ip(7) and ipv6(7) share: how they get their addresses. One thread.

#include "network.hpp"
#include "socket.hpp"

namespace rondo::engine::simulation {

/// The addresses that a socket may use, and its place among the ports.
class inet_place {
public:
    inet_place(socket& who, port_table& ports, int domain) noexcept;
    inet_place(inet_place const&) = delete;
    inet_place& operator=(inet_place const&) = delete;
    ~inet_place() { leave(); }

    [[nodiscard]] bool is_bound() const noexcept { return own_.place.port != 0; }
    [[nodiscard]] binding& own() noexcept { return own_; }
    [[nodiscard]] port_table& ports() noexcept { return ports_; }

    /// bind(2), with what the options say now, of a socket that may still be bound or not. Throws
    /// std::bad_alloc.
    long bind(socket_address const& to, socket_options const& options, bool may_be);
    /// The place of an accepted connection. Throws std::bad_alloc.
    void share(socket_address const& place, socket_address const& other_side,
               socket_options const& options);
    /// Gives a port to who has none. Throws std::bad_alloc.
    long bind_any(socket_options const& options);
    /// Makes `to` a place to send to: 0, -ENETUNREACH, -EAFNOSUPPORT.
    [[nodiscard]] long resolve(socket_address& to) const noexcept;
    /// The own address, as one sends from it to `to`.
    [[nodiscard]] socket_address seen_from(socket_address const& to) const;
    /// Hears one peer only, at the address that it sees; then any, at the address that was bound.
    void connect(socket_address const& to);
    void disconnect() noexcept;
    void take(socket_options const& options) noexcept;
    void leave() noexcept;

private:
    port_table& ports_;
    binding own_;
    int domain_;
    bool bound_to_v6_ = false;           // to one address, which leaves no way to IPv4
    socket_address::host_bytes bound_{}; // the host of bind(2)
};

} // namespace rondo::engine::simulation
