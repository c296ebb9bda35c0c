// SPDX-License-Identifier: MIT
#include "local_stream_socket.hpp"

#include "network.hpp"
#include "world.hpp"

#include <cerrno>
#include <new>

namespace rondo::engine::simulation {

local_stream_socket::local_stream_socket(world& w, int style) noexcept
    : stream_socket(w, AF_UNIX, style, 0), place_(*this, w.net().names(), local_) {
    local_.family = remote_.family = AF_UNIX;
}

void local_stream_socket::left() noexcept {
    place_.leave();
    refuse_waiting();
    // What is on the way counts as unread, too: with Linux it would have come at once.
    if (out_)
        out_->tell(shut_both, in_->unread() != 0);
    detach();
}

long local_stream_socket::bind(socket_address const& to) {
    if (long const no = place_.bind(to); no < 0)
        return no;
    if (out_ && out_->receiver != nullptr)
        static_cast<local_stream_socket*>(out_->receiver)->remote_ = local_;
    return 0;
}

long local_stream_socket::listen(int backlog) {
    if (local_.path.empty() || (state_ != state::fresh && state_ != state::listening))
        return -EINVAL;
    start_listening(backlog);
    return 0;
}

long local_stream_socket::connect(socket_address const& to) {
    if (to.family != AF_UNIX || to.path.empty())
        return -EINVAL;
    socket* found = nullptr;
    if (long const no = world_.net().names().find(to, style(), found); no < 0)
        return no;
    auto& listener = static_cast<local_stream_socket&>(*found);
    if (!listener.is_listening() || (listener.shut_ & shut_receive) != 0)
        return -ECONNREFUSED;
    if (listener.is_full())
        return -EAGAIN;
    if (state_ != state::fresh)
        return state_ == state::connected ? -EISCONN : -EINVAL;
    auto const peer = world_.make<local_stream_socket>(world_, style());
    peer->options_ = listener.options_;
    peer->local_ = remote_ = listener.local_;
    peer->remote_ = local_;
    try {
        join(*this, *peer);
        listener.enqueue(peer);
    } catch (std::bad_alloc const&) {
        in_.reset();
        out_.reset();
        state_ = state::fresh;
        throw;
    }
    changed();
    return 0;
}

// Of an unconnected one nothing is said.
long local_stream_socket::shutdown(unsigned shut) noexcept {
    shut_ |= shut;
    if (out_) {
        unsigned const there = ((shut & shut_send) != 0 ? shut_receive : 0u) |
                               ((shut & shut_receive) != 0 ? shut_send : 0u);
        out_->tell(there, false);
    }
    changed();
    return 0;
}

long local_stream_socket::peer_name(socket_address& out) const {
    if (state_ != state::connected)
        return -ENOTCONN;
    out = remote_;
    return 0;
}

void local_stream_socket::told(unsigned shut, bool reset) noexcept {
    shut_ |= shut;
    if (reset)
        error_ = ECONNRESET;
    note(reset ? "the other side is gone, and with it what it had not read"
               : "the other side has ended");
    changed();
}

long local_stream_socket::may_send(socket_address const* to) noexcept {
    bool const connected = state_ == state::connected;
    if (has_records()) {
        if (error_ != 0)
            return -take_error();
    } else if (to != nullptr) {
        return connected ? -EISCONN : -EOPNOTSUPP;
    }
    if (!connected)
        return -ENOTCONN;
    return (shut_ & shut_send) != 0 ? -EPIPE : 0;
}

long local_stream_socket::may_receive() noexcept {
    if (state_ == state::connected)
        return 0;
    return has_records() ? -ENOTCONN : -EINVAL;
}

} // namespace rondo::engine::simulation
