// SPDX-License-Identifier: MIT
#pragma once

// listener: a socket that accepts connections, blocking, over a shared ring.
//
//     auto server = listener::listen("tcp", ":8080", {.reuse_port = true}).or_throw("listen");
//     while (auto peer = server.accept())
//         serve(std::move(*peer));
//
// Any thread, and any number of them at a time: each connection goes to one of them.

#include <rondo/core/duration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/interop/connection.hpp>
#include <rondo/interop/endpoint.hpp>
#include <rondo/interop/socket_options.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace rondo {

struct listener_state;

/// Told of each failure that listener::accept goes on after, on the thread that accepts. It may
/// call close() of the listener, and does not throw.
using accept_error_handler = std::function<void(error const&)>;

/// See the top of this file. Move-only; it is moved and destroyed when nobody uses it.
///
/// After close() or a move all functions fail with EBADF and attempt::use_closed.
class listener {
public:
    /// Binds a socket to the first endpoint of an address that the system has, and listens there.
    /// Without a ring: default_ring(); one that is given outlives the listener.
    ///
    /// ":port" is all addresses, with "tcp" of IPv6 and of IPv4; port 0 and the unix address "@"
    /// are the system's choice, see local_address(). The file of a unix socket is removed by
    /// close(). Errors as of resolve(), apply_options(), bind(2) and listen(2); EADDRINUSE has
    /// cause::stale_socket when the file on a unix path was left behind; for "udp" EOPNOTSUPP with
    /// cause::no_connections.
    [[nodiscard]] static result<listener> listen(std::string_view network, std::string_view address,
                                                 socket_options const& options = {},
                                                 accept_error_handler on_error = {}) noexcept;
    [[nodiscard]] static result<listener> listen(shared_ring& on, std::string_view network,
                                                 std::string_view address,
                                                 socket_options const& options = {},
                                                 accept_error_handler on_error = {}) noexcept;
    /// Takes over a socket that listens already. Its unix file stays. When that fails, `fd` is
    /// closed: ENOTSOCK, EINVAL when it does not listen, EPROTONOSUPPORT.
    [[nodiscard]] static result<listener> adopt(unique_fd fd,
                                                accept_error_handler on_error = {}) noexcept;
    [[nodiscard]] static result<listener> adopt(shared_ring& on, unique_fd fd,
                                                accept_error_handler on_error = {}) noexcept;

    listener(listener&& other) noexcept;
    listener& operator=(listener&& other) noexcept;
    /// close(), its error dropped.
    ~listener();

    /// accept4(2): waits for a connection. No failure ends the listener: call it again.
    ///
    /// What befell a single connection before it was accepted (ECONNABORTED, EPROTO, ...) is told
    /// to the handler, and the next one is waited for. When descriptors or memory have run out
    /// (EMFILE, ENFILE, ENOBUFS, ENOMEM) the handler is told, and it is tried again after a pause
    /// of 5 ms, twice as long each time, up to a second; without a handler the error is returned,
    /// and the connection is there for the next call. ETIME; ECANCELED with cause::ended by
    /// close().
    result<connection> accept() noexcept;

    /// Until when accept() may wait: calls that wait now, and later ones. deadline() takes it away.
    result<> set_deadline(deadline until) noexcept;

    /// Where it listens, with the port that the system chose.
    [[nodiscard]] result<endpoint> local_address() const noexcept;
    /// Ends the calls that wait, waits until none is inside, closes. The second time EBADF.
    result<> close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return native_handle() >= 0; }
    /// The descriptor, still owned by this object; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept;

private:
    explicit listener(std::unique_ptr<listener_state> state) noexcept;
    [[nodiscard]] result<connection> accept_one() noexcept;
    [[nodiscard]] result<> pause(std::int64_t nanoseconds) noexcept;

    detail::sole_owner<listener_state> state_;
};

} // namespace rondo
