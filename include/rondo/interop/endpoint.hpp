// SPDX-License-Identifier: MIT
#pragma once

// endpoint: the address of a socket as a value, and the networks that it can be on. Value types;
// any thread.

#include <rondo/core/result.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rondo {

/// What the first half of a "network", "address" pair names.
enum class network_kind : std::uint8_t {
    tcp,  ///< IPv6 or IPv4
    tcp4, ///< IPv4
    tcp6, ///< IPv6, and it alone: a listener on all addresses takes no IPv4
    udp,
    udp4,
    udp6,
    local, ///< "unix": stream sockets of this machine, by path or by abstract name
};

/// "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix". EINVAL with cause::unknown_network.
[[nodiscard]] result<network_kind> parse_network(std::string_view name) noexcept;
/// The name that parse_network() takes.
[[nodiscard]] std::string_view name_of(network_kind network) noexcept;
[[nodiscard]] constexpr bool is_udp(network_kind n) noexcept {
    return n == network_kind::udp || n == network_kind::udp4 || n == network_kind::udp6;
}
[[nodiscard]] constexpr bool is_local(network_kind n) noexcept { return n == network_kind::local; }
[[nodiscard]] constexpr bool is_tcp(network_kind n) noexcept { return !is_udp(n) && !is_local(n); }

/// The address of a socket: an IPv4 or IPv6 address and a port, the path or abstract name of a unix
/// socket, or none, as the unnamed ends of unix connections have it. ip(7), ipv6(7), unix(7)
class endpoint {
public:
    /// Bytes that the path of a unix socket, or its abstract name, has at most.
    static constexpr std::size_t longest_path = sizeof(::sockaddr_un::sun_path) - 1;

    constexpr endpoint() noexcept = default;
    /// Copies an address as the system gives it. EAFNOSUPPORT for other families, EINVAL for a size
    /// that does not fit the family.
    [[nodiscard]] static result<endpoint> from(::sockaddr const* address, ::socklen_t size,
                                               network_kind network) noexcept;
    /// A path, or "@name" for an abstract one, which has no file. ENAMETOOLONG with
    /// cause::long_path, EINVAL with cause::bad_address for an empty path and for null bytes in it.
    [[nodiscard]] static result<endpoint> from_path(std::string_view path) noexcept;

    /// "tcp", "udp" or "unix".
    [[nodiscard]] std::string_view network() const noexcept;
    /// "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "/run/path", "@name", or "" for none: what
    /// listen() and connect() take. "@" in an abstract name stands for a null byte.
    [[nodiscard]] std::string to_string() const;
    /// The same without the port and its brackets.
    [[nodiscard]] std::string host() const;
    /// 0 for unix sockets.
    [[nodiscard]] std::uint16_t port() const noexcept;

    /// AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC for a default-constructed one.
    [[nodiscard]] int family() const noexcept { return address_.any.sa_family; }
    /// For system calls. Valid while this object lives and is not assigned to.
    [[nodiscard]] ::sockaddr const* data() const noexcept { return &address_.any; }
    [[nodiscard]] ::socklen_t size() const noexcept { return size_; } ///< bytes
    [[nodiscard]] network_kind kind() const noexcept { return network_; }
    /// A unix socket with a file.
    [[nodiscard]] bool has_path() const noexcept;

    /// Same address and port; tcp, tcp4 and tcp6 make no difference.
    friend bool operator==(endpoint const& a, endpoint const& b) noexcept { return a.equals(b); }

private:
    [[nodiscard]] bool equals(endpoint const& other) const noexcept;
    [[nodiscard]] std::string_view local_name() const noexcept;

    union address {
        ::sockaddr any;
        ::sockaddr_in in4;
        ::sockaddr_in6 in6;
        ::sockaddr_un un;
        constexpr address() noexcept : un{} {}
    };
    address address_;
    ::socklen_t size_ = 0;
    network_kind network_ = network_kind::tcp;
};

} // namespace rondo
