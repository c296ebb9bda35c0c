// SPDX-License-Identifier: MIT
#include <rondo/interop/connection.hpp>

#include "socket_opening.hpp"
#include "socket_state.hpp"

#include <rondo/interop/address.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace rondo {
namespace {

constexpr attempt connecting = op::attempt_of<op::connect>;

/// The same failure, with the bytes moved before it as its detail.
std::unexpected<error> after_progress(error const& e, std::size_t moved) noexcept {
    return fail(e.code(), e.attempted(), e.why(), e.detail() != 0 ? e.detail() : moved);
}

/// A socket that looked for a port of its own and for a peer at once, and found itself.
bool is_its_own_peer(int fd, endpoint const& peer) noexcept {
    ::sockaddr_storage address{};
    ::socklen_t size = sizeof address;
    auto* const own = reinterpret_cast<::sockaddr*>(&address);
    if (!is_tcp(peer.kind()) || ::getsockname(fd, own, &size) != 0)
        return false;
    auto const name = endpoint::from(own, size, peer.kind());
    return name && *name == peer;
}

result<unique_fd> connect_to(shared_ring& on, endpoint const& place, socket_options const& options,
                             call_deadline& limit) noexcept {
    auto fd = open_socket(place, options, socket_role::connects);
    if (!fd)
        return fd;
    if (limit.at() <= steady_now())
        return fail(ETIME, connecting);
    auto const done =
        on.run(op::connect{.fd = *fd, .address = place.data(), .size = place.size()}, limit);
    if (!done) {
        bool const refused = done.error() == ECONNREFUSED;
        return refused && is_stale(place) ? fail(ECONNREFUSED, connecting, cause::stale_socket)
                                          : fail(done.error());
    }
    if (is_its_own_peer(fd->get(), place))
        return fail(ECONNREFUSED, connecting);
    return fd;
}

} // namespace

connection::connection(std::unique_ptr<socket_state> state, endpoint const& peer) noexcept
    : state_(std::move(state)), peer_(peer) {}
connection::connection(connection&& other) noexcept = default;
connection& connection::operator=(connection&& other) noexcept = default;
connection::~connection() = default;

result<connection> connection::make(shared_ring& on, unique_fd fd, network_kind network,
                                    endpoint const& peer) noexcept {
    auto state = socket_state::create(on, std::move(fd), network);
    if (!state)
        return fail(state.error());
    return connection(std::move(*state), peer);
}

result<connection> connection::connect(std::string_view network, std::string_view address,
                                       socket_options const& options, deadline until) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return connect(**on, network, address, options, until);
}

result<connection> connection::connect(shared_ring& on, std::string_view network,
                                       std::string_view address, socket_options const& options,
                                       deadline until) noexcept {
    call_deadline limit;
    limit.set(until);
    auto const kind = parse_network(network);
    if (!kind)
        return fail(kind.error());
    auto const places = resolve(*kind, address, address_use::to_connect);
    if (!places)
        return fail(places.error());
    error last(EADDRNOTAVAIL, connecting);
    for (endpoint const& place : *places) {
        auto fd = connect_to(on, place, options, limit);
        if (fd)
            return make(on, std::move(*fd), *kind, place);
        last = fd.error();
        if (last == ETIME)
            break;
    }
    return fail(last);
}

result<connection> connection::adopt(unique_fd fd) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return adopt(**on, std::move(fd));
}

result<connection> connection::adopt(shared_ring& on, unique_fd fd) noexcept {
    auto const network = examine(fd.get(), false);
    if (!network)
        return fail(network.error());
    ::sockaddr_storage address{};
    ::socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<::sockaddr*>(&address);
    if (::getpeername(fd.get(), name, &size) != 0)
        return fail(error::last(attempt::adopt));
    auto const peer = endpoint::from(name, size, *network);
    if (!peer)
        return fail(peer.error());
    return make(on, std::move(fd), *network, *peer);
}

result<std::size_t> connection::read(mutable_bytes into) noexcept {
    socket_state::use const mine(state_.get());
    if (!mine)
        return used_after_close();
    if (into.size() == 0 && !is_udp(state_->network))
        return 0u;
    return state_->run(op::recv{.fd = mine.fd(), .into = into}, state_->reading, POLLIN);
}

result<std::size_t> connection::write(const_bytes from) noexcept {
    socket_state::use const mine(state_.get());
    if (!mine)
        return used_after_close();
    if (from.size() == 0 && !is_udp(state_->network))
        return 0u;
    return state_->run(op::send{.fd = mine.fd(), .from = from, .flags = MSG_NOSIGNAL},
                       state_->writing, POLLOUT);
}

result<std::size_t> connection::read_exactly(mutable_bytes into) noexcept {
    auto* const data = static_cast<std::byte*>(into.data());
    std::size_t filled = 0;
    do {
        auto const got = read({data + filled, into.size() - filled});
        if (!got)
            return after_progress(got.error(), filled);
        if (*got == 0)
            break;
        filled += *got;
    } while (filled < into.size());
    return filled;
}

result<> connection::write_all(const_bytes from) noexcept {
    auto const* const data = static_cast<std::byte const*>(from.data());
    std::size_t written = 0;
    do {
        auto const put = write({data + written, from.size() - written});
        if (!put)
            return after_progress(put.error(), written);
        written += *put;
    } while (written < from.size());
    return {};
}

result<> connection::set_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->reading.set(until);
    state_->writing.set(until);
    return {};
}

result<> connection::set_read_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->reading.set(until);
    return {};
}

result<> connection::set_write_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->writing.set(until);
    return {};
}

result<endpoint> connection::local_address() const noexcept {
    if (!state_)
        return used_after_close();
    return state_->name(::getsockname);
}

result<endpoint> connection::remote_address() const noexcept {
    if (!is_open())
        return used_after_close();
    return peer_;
}

result<> connection::shutdown(shutdown_half which) noexcept {
    socket_state::use const mine(state_.get());
    if (!mine)
        return used_after_close();
    constexpr int how[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    if (::shutdown(mine.fd(), how[static_cast<std::size_t>(which)]) != 0)
        return fail(error::last(op::attempt_of<op::shutdown>));
    return {};
}

result<> connection::close() noexcept {
    if (!state_)
        return used_after_close();
    return state_->close();
}

int connection::native_handle() const noexcept { return state_ ? state_->native_handle() : -1; }

} // namespace rondo
