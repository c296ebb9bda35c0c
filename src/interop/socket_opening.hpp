// SPDX-License-Identifier: MIT
#pragma once

// From a "network", "address" pair to a socket: made, set up, bound. Plain system calls, for none
// of them waits. Any thread.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/interop/address.hpp>
#include <rondo/interop/endpoint.hpp>
#include <rondo/interop/socket_options.hpp>

#include <string_view>

namespace rondo {

/// A blocking socket for an endpoint, with its options set.
[[nodiscard]] result<unique_fd> open_socket(endpoint const& place, socket_options const& options,
                                            socket_role role) noexcept;

/// A socket, and the network that it is on.
struct opened_socket {
    unique_fd fd;
    network_kind network = network_kind::tcp;
    endpoint place = {}; ///< what it was bound to, as it was asked for
};
/// A socket bound to the first endpoint of an address that the system has.
[[nodiscard]] result<opened_socket> open_bound(std::string_view network, std::string_view address,
                                               socket_options const& options,
                                               socket_role role) noexcept;

/// Whether a path is a socket's whose program has ended.
[[nodiscard]] bool is_stale(endpoint const& place) noexcept;

/// The network of a socket that was made elsewhere, which must exchange messages if
/// `wants_messages` and else be a stream, and what is known of it. ENOTSOCK, EPROTONOSUPPORT,
/// EPROTOTYPE.
[[nodiscard]] result<network_kind> examine(int fd, bool wants_messages) noexcept;
/// An option of SOL_SOCKET.
[[nodiscard]] result<int> socket_fact(int fd, int option) noexcept;

} // namespace rondo
