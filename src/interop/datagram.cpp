// SPDX-License-Identifier: MIT
#include <rondo/interop/datagram.hpp>

#include "socket_opening.hpp"
#include "socket_state.hpp"

#include <rondo/interop/default_ring.hpp>
#include <rondo/op/message.hpp>
#include <rondo/op/send.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <utility>

namespace rondo {

datagram_socket::datagram_socket(std::unique_ptr<socket_state> state) noexcept
    : state_(std::move(state)) {}
datagram_socket::datagram_socket(datagram_socket&& other) noexcept = default;
datagram_socket& datagram_socket::operator=(datagram_socket&& other) noexcept = default;
datagram_socket::~datagram_socket() = default;

result<datagram_socket> datagram_socket::bind(std::string_view network, std::string_view address,
                                              socket_options const& options) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return bind(**on, network, address, options);
}

result<datagram_socket> datagram_socket::bind(shared_ring& on, std::string_view network,
                                              std::string_view address,
                                              socket_options const& options) noexcept {
    auto bound = open_bound(network, address, options, socket_role::exchanges_datagrams);
    if (!bound)
        return fail(bound.error());
    auto state = socket_state::create(on, std::move(bound->fd), bound->network);
    if (!state)
        return fail(state.error());
    return datagram_socket(std::move(*state));
}

result<datagram_socket> datagram_socket::adopt(unique_fd fd) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return adopt(**on, std::move(fd));
}

result<datagram_socket> datagram_socket::adopt(shared_ring& on, unique_fd fd) noexcept {
    auto const network = examine(fd.get(), true);
    if (!network)
        return fail(network.error());
    auto state = socket_state::create(on, std::move(fd), *network);
    if (!state)
        return fail(state.error());
    return datagram_socket(std::move(*state));
}

result<datagram> datagram_socket::receive_from(mutable_bytes into) noexcept {
    socket_state::use const mine(state_.get());
    if (!mine)
        return used_after_close();
    ::sockaddr_storage sender{};
    ::iovec part{into.data(), into.size()};
    ::msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    auto const size =
        state_->run(op::recvmsg<>{.fd = mine.fd(), .message = &message}, state_->reading, POLLIN);
    if (!size)
        return fail(size.error());
    auto const from = endpoint::from(reinterpret_cast<::sockaddr*>(&sender), message.msg_namelen,
                                     state_->network);
    return datagram{*size, from ? *from : endpoint(), (message.msg_flags & MSG_TRUNC) != 0};
}

result<> datagram_socket::send_to(const_bytes from, endpoint const& to) noexcept {
    socket_state::use const mine(state_.get());
    if (!mine)
        return used_after_close();
    // By sendmsg, since a send takes an address from Linux 6.0 on only.
    ::iovec part{const_cast<void*>(from.data()), from.size()};
    ::msghdr message{};
    message.msg_name = const_cast<::sockaddr*>(to.data());
    message.msg_namelen = to.size();
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    auto const sent =
        state_->run(op::sendmsg{.fd = mine.fd(), .message = &message, .flags = MSG_NOSIGNAL},
                    state_->writing, POLLOUT);
    if (!sent)
        return fail(sent.error());
    return {};
}

result<> datagram_socket::set_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->reading.set(until);
    state_->writing.set(until);
    return {};
}

result<> datagram_socket::set_read_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->reading.set(until);
    return {};
}

result<> datagram_socket::set_write_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->writing.set(until);
    return {};
}

result<endpoint> datagram_socket::local_address() const noexcept {
    if (!state_)
        return used_after_close();
    return state_->name(::getsockname);
}

result<> datagram_socket::close() noexcept {
    if (!state_)
        return used_after_close();
    return state_->close();
}

int datagram_socket::native_handle() const noexcept {
    return state_ ? state_->native_handle() : -1;
}

} // namespace rondo
