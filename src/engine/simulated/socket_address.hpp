// SPDX-License-Identifier: MIT
#pragma once

// Where a socket is: ip(7), ipv6(7) and unix(7) addresses in one type. One thread per object.

#include <array>
#include <cstdint>
#include <string>

namespace rondo::engine::simulation {

/// See the top of this file.
struct socket_address {
    /// Of an IPv4 host the IPv6 form ::ffff:a.b.c.d, so that both kinds compare.
    using host_bytes = std::array<std::uint8_t, 16>;

    int family = 0;         ///< AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, or one that is not here
    host_bytes host{};      ///< of AF_INET and AF_INET6
    std::uint16_t port = 0; ///< the same
    std::string path;       ///< of AF_UNIX: empty: no name; a first byte of 0: abstract
    bool any_name = false;  ///< of AF_UNIX: nothing but the family was given
    unsigned bytes = 0;     ///< of the sockaddr that it was read from

    [[nodiscard]] bool is_v4() const noexcept;
    /// True if there were enough bytes of it for a socket of `domain`, AF_INET or AF_INET6.
    [[nodiscard]] bool fits(int domain) const noexcept;
    /// 0.0.0.0 and ::.
    [[nodiscard]] bool is_any() const noexcept;
    /// 127.0.0.0/8 and ::1: all hosts that are reached.
    [[nodiscard]] bool is_loopback() const noexcept;
    [[nodiscard]] bool same_host(socket_address const& other) const noexcept {
        return host == other.host;
    }
    [[nodiscard]] bool same_place(socket_address const& other) const noexcept {
        return host == other.host && port == other.port;
    }

    /// 127.0.0.1 or ::1, and 0.0.0.0 or ::, as an address of `family`.
    [[nodiscard]] static socket_address loopback(int family, bool v4);
    [[nodiscard]] static socket_address any(int family);
    /// The same place, as a socket of `family` shows it.
    [[nodiscard]] socket_address seen_by(int other_family) const;
};

/// Reads a sockaddr of the program: 0, -EFAULT, -EINVAL. Throws std::bad_alloc.
[[nodiscard]] long get_address(socket_address& out, long at, long bytes);
/// Writes one as Linux does: as much as there is room for, and the whole length to `length_at`, if
/// that is not 0. Nothing is written for an address at 0.
[[nodiscard]] long put_address(socket_address const& from, long at, long length_at) noexcept;
/// The same with the room given: returns the whole length.
unsigned put_name(socket_address const& from, long at, unsigned room) noexcept;

} // namespace rondo::engine::simulation
