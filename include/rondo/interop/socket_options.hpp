// SPDX-License-Identifier: MIT
#pragma once

// Options of sockets, by field or by name, and whether TCP fast open is allowed. Value types; any
// thread.

#include <rondo/core/result.hpp>
#include <rondo/interop/endpoint.hpp>

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rondo {

/// What a socket is for: some options differ.
enum class socket_role : std::uint8_t { listens, connects, exchanges_datagrams };

/// Options that a socket gets before it is bound or connected; connections that a listener accepts
/// have its own. What is not set here is as the system has it. An option that the system refuses,
/// or that the network does not have, is an error that names it.
///
///     auto server = listener::listen("tcp", ":8080", {.reuse_port = true, .no_delay = true});
struct socket_options {
    /// SO_REUSEADDR of socket(7). Without a value: set for TCP listeners, so that a server can
    /// start again while connections of its predecessor linger, and not for others.
    std::optional<bool> reuse_address = {};
    /// SO_REUSEPORT of socket(7): several sockets share the port and what comes in.
    bool reuse_port = false;
    /// TCP_FASTOPEN of tcp(7): how many connections may have sent data before they are accepted;
    /// for connecting, TCP_FASTOPEN_CONNECT if not 0. See fast_open_allowed(): a listener has no
    /// use of it where the system does not allow it, and connecting fails.
    std::int32_t fast_open = 0;
    /// TCP_NODELAY of tcp(7): small writes go out at once.
    bool no_delay = false;
    /// SO_KEEPALIVE of socket(7), for TCP: the peer is asked now and then whether it still lives.
    bool keep_alive = false;
    /// TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT of tcp(7): asked after so long without a word,
    /// so often again, so many times. 0: as the system has it. They set keep_alive, too.
    std::chrono::seconds keep_alive_idle{0};
    std::chrono::seconds keep_alive_interval{0};
    std::int32_t keep_alive_count = 0;
    /// SO_RCVBUF and SO_SNDBUF of socket(7), in bytes, which the system doubles and cuts. 0: its
    /// own.
    std::int32_t receive_buffer = 0;
    std::int32_t send_buffer = 0;
    /// Connections that may wait to be accepted, for listeners; the system cuts it to
    /// net.core.somaxconn. listen(2)
    std::int32_t backlog = SOMAXCONN;
    /// Listeners on a unix path: remove the file of a socket that nobody listens on any more. No
    /// other file is ever removed.
    bool remove_stale = false;

    /// Sets the option of that name, which is a field's; times are in seconds, and yes is 1, no 0.
    /// EINVAL with cause::unknown_option or cause::option_value, which both name it.
    result<> set(std::string_view name, std::int64_t value) noexcept;
};

/// Sets the options of a socket, but `backlog` and `remove_stale`, which are not the socket's own.
/// Errors as of setsockopt(2), with cause::option_refused, which names the option.
result<> apply_options(int fd, socket_options const& options, network_kind network,
                       socket_role role) noexcept;

/// What net.ipv4.tcp_fastopen says.
struct fast_open_permission {
    bool connecting = false; ///< data may go with the first packet of a connection
    bool listening = false;  ///< and listeners may take such data
};
/// Reads /proc/sys/net/ipv4/tcp_fastopen of the caller's network namespace. Errors as of open(2)
/// and read(2).
[[nodiscard]] result<fast_open_permission> fast_open_allowed() noexcept;

} // namespace rondo
