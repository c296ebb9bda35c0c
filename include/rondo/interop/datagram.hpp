// SPDX-License-Identifier: MIT
#pragma once

// datagram_socket: a UDP socket that receives from anybody and sends to anybody, blocking, over a
// shared ring, with deadlines that reach the calls that are already waiting. For one peer alone see
// connection::connect("udp", ...).
//
//     auto here = datagram_socket::bind("udp", ":53").or_throw("bind");
//     auto got = here.receive_from(buffer).or_throw("receive");
//     here.send_to(answer, got.from).or_throw("send");
//
// Any thread, and any number of them at a time: each datagram goes to one of them, whole.

#include <rondo/core/duration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/interop/endpoint.hpp>
#include <rondo/interop/socket_options.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace rondo {

class socket_state;

/// What datagram_socket::receive_from has received.
struct datagram {
    std::size_t size = 0;   ///< bytes in the caller's buffer; 0 is an empty datagram
    endpoint from = {};     ///< its sender
    bool truncated = false; ///< the rest of it had no room, and is lost
};

/// See the top of this file. Move-only; it is moved and destroyed when nobody uses it.
///
/// After close() or a move all functions fail with EBADF and attempt::use_closed. A call that
/// close() ended says ECANCELED with cause::ended; one whose deadline has passed, ETIME.
class datagram_socket {
public:
    /// Binds a socket to the first endpoint of an address that the system has: "udp", "udp4" or
    /// "udp6". Without a ring: default_ring(); one that is given outlives the socket. ":port" is
    /// all addresses, port 0 the system's choice. Errors as of resolve(), apply_options() and
    /// bind(2); EPROTOTYPE for networks without datagrams.
    [[nodiscard]] static result<datagram_socket> bind(std::string_view network,
                                                      std::string_view address,
                                                      socket_options const& options = {}) noexcept;
    [[nodiscard]] static result<datagram_socket> bind(shared_ring& on, std::string_view network,
                                                      std::string_view address,
                                                      socket_options const& options = {}) noexcept;
    /// Takes over a UDP socket; a non-blocking one is waited for where it says EAGAIN. When that
    /// fails, `fd` is closed: ENOTSOCK, EPROTOTYPE for other sockets.
    [[nodiscard]] static result<datagram_socket> adopt(unique_fd fd) noexcept;
    [[nodiscard]] static result<datagram_socket> adopt(shared_ring& on, unique_fd fd) noexcept;

    datagram_socket(datagram_socket&& other) noexcept;
    datagram_socket& operator=(datagram_socket&& other) noexcept;
    /// close(), its error dropped.
    ~datagram_socket();

    /// recvmsg(2): waits for a datagram.
    result<datagram> receive_from(mutable_bytes into) noexcept;
    /// sendto(2): sends all of `from` as one datagram. EMSGSIZE when it is too long for one.
    result<> send_to(const_bytes from, endpoint const& to) noexcept;

    /// Until when receives, sends, or both may wait: those that wait now, and later ones.
    /// deadline() takes it away.
    result<> set_deadline(deadline until) noexcept;
    result<> set_read_deadline(deadline until) noexcept;
    result<> set_write_deadline(deadline until) noexcept;

    /// What it is bound to, with the port that the system chose.
    [[nodiscard]] result<endpoint> local_address() const noexcept;
    /// Ends the calls that wait, waits until none is inside, closes. The second time EBADF.
    result<> close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }
    /// The descriptor, still owned by this object; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept;

private:
    explicit datagram_socket(std::unique_ptr<socket_state> state) noexcept;

    detail::sole_owner<socket_state> state_;
};

} // namespace rondo
