// SPDX-License-Identifier: MIT
#pragma once

// connection: a connected socket as reader, writer and closer, blocking, over a shared ring, with
// deadlines that reach the calls that are already waiting.
//
//     auto peer = connection::connect("tcp", "localhost:http", {.no_delay = true}, 5s)
//                     .or_throw("connect");
//     peer.set_deadline(30s).or_throw("deadline");
//     peer.write_all(request).or_throw("write");
//     auto n = peer.read(buffer);
//
// Any thread, and any number of them at a time: reads and writes do not disturb each other, each
// byte goes to one of several readers, and the bytes of several writers may mix. What a call is
// given must live until it returns.

#include <rondo/core/duration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/interop/endpoint.hpp>
#include <rondo/interop/socket_options.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace rondo {

class socket_state;

/// Directions of a connection, for connection::shutdown.
enum class shutdown_half : std::uint8_t { reading, writing, both };

/// See the top of this file. Move-only; it is moved and destroyed when nobody uses it.
///
/// After close() or a move all functions fail with EBADF and attempt::use_closed. A call that
/// close() ended says ECANCELED with cause::ended; one whose deadline has passed, ETIME.
class connection {
public:
    /// Connects to the first endpoint of an address that answers. Without a ring: default_ring();
    /// one that is given outlives the connection. With "udp" it is a socket that exchanges
    /// datagrams with that one peer.
    ///
    /// `until` limits the connecting, but not the asking for names before, see resolve(). Errors as
    /// of that, of apply_options() and of connect(2), and then those of the last endpoint.
    [[nodiscard]] static result<connection> connect(std::string_view network,
                                                    std::string_view address,
                                                    socket_options const& options = {},
                                                    deadline until = {}) noexcept;
    [[nodiscard]] static result<connection> connect(shared_ring& on, std::string_view network,
                                                    std::string_view address,
                                                    socket_options const& options = {},
                                                    deadline until = {}) noexcept;
    /// Takes over a connected socket of TCP, UDP or a unix stream; a non-blocking one is waited for
    /// where it says EAGAIN. When that fails, `fd` is closed: ENOTSOCK, EPROTONOSUPPORT for other
    /// sockets, ENOTCONN.
    [[nodiscard]] static result<connection> adopt(unique_fd fd) noexcept;
    [[nodiscard]] static result<connection> adopt(shared_ring& on, unique_fd fd) noexcept;

    connection(connection&& other) noexcept;
    connection& operator=(connection&& other) noexcept;
    /// close(), its error dropped.
    ~connection();

    /// recv(2). Fewer bytes than asked for are no error. 0: the peer sends no more, or `into` is
    /// empty. Of "udp" it receives one datagram, cut to the size of `into`; 0 is an empty one.
    result<std::size_t> read(mutable_bytes into) noexcept;
    /// send(2); may write less than all, but not of a datagram. No SIGPIPE, EPIPE.
    result<std::size_t> write(const_bytes from) noexcept;
    /// Reads until `into` is full or the peer sends no more: fewer bytes mean that. error::detail()
    /// counts the bytes read before a failure, which are at the start of `into`.
    result<std::size_t> read_exactly(mutable_bytes into) noexcept;
    /// Writes all of `from`. error::detail() counts the bytes written before a failure.
    result<> write_all(const_bytes from) noexcept;

    /// Until when reads, writes, or both may wait: those that wait now, and later ones. In the past
    /// it ends them at once, and nothing that was received is lost; deadline() takes it away.
    result<> set_deadline(deadline until) noexcept;
    result<> set_read_deadline(deadline until) noexcept;
    result<> set_write_deadline(deadline until) noexcept;

    /// The own and the peer's address. The peer's is the one it had when the connection was made,
    /// and without an address for most peers on unix sockets.
    [[nodiscard]] result<endpoint> local_address() const noexcept;
    [[nodiscard]] result<endpoint> remote_address() const noexcept;

    /// shutdown(2): the peer reads to the end of what was written, or own reads end.
    result<> shutdown(shutdown_half which) noexcept;
    /// Ends the calls that wait, waits until none is inside, closes. The second time EBADF.
    result<> close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }
    /// The descriptor, still owned by this object; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept;

private:
    friend class listener;
    connection(std::unique_ptr<socket_state> state, endpoint const& peer) noexcept;
    [[nodiscard]] static result<connection> make(shared_ring& on, unique_fd fd,
                                                 network_kind network,
                                                 endpoint const& peer) noexcept;

    detail::sole_owner<socket_state> state_;
    endpoint peer_;
};

} // namespace rondo
