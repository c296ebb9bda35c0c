// SPDX-License-Identifier: MIT
#include "local_datagram_socket.hpp"

#include "network.hpp"
#include "world.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::simulation {

local_datagram_socket::local_datagram_socket(world& w)
    : datagram_socket(w, AF_UNIX, 0), way_here_(std::make_shared<lane>(w)),
      place_(*this, w.net().names(), local_) {
    local_.family = remote_.family = AF_UNIX;
}

local_datagram_socket::~local_datagram_socket() { leave_peer(); }

std::shared_ptr<local_datagram_socket> local_datagram_socket::peer() const noexcept {
    return peer_.lock();
}

void local_datagram_socket::set_peer(std::shared_ptr<local_datagram_socket> const& other) {
    other->senders_.push_back(this);
    leave_peer();
    peer_ = other;
    remote_ = other->local_;
    is_connected_ = true;
}

void local_datagram_socket::leave_peer() noexcept {
    if (std::shared_ptr<local_datagram_socket> const before = peer()) {
        auto const at = std::ranges::find(before->senders_, this);
        if (at != before->senders_.end())
            before->senders_.erase(at);
    }
    peer_.reset();
    is_connected_ = false;
}

/// As Linux does it: what was not read is lost, and a peer that it was connected with is told so.
void local_datagram_socket::change_peer(std::shared_ptr<local_datagram_socket> const& other) {
    std::shared_ptr<local_datagram_socket> const before = peer();
    bool const is_new = is_connected_ && (!other || before != other);
    if (other)
        set_peer(other);
    else
        leave_peer();
    if (is_new && waiting() != 0) {
        forget_all();
        wake_senders();
        if (before && before->is_open() && before->peer().get() == this) {
            before->error_ = ECONNRESET;
            before->changed();
        }
    }
    changed();
}

void local_datagram_socket::join(local_datagram_socket& other) {
    set_peer(std::static_pointer_cast<local_datagram_socket>(other.shared_from_this()));
    other.set_peer(std::static_pointer_cast<local_datagram_socket>(shared_from_this()));
}

void local_datagram_socket::left() noexcept {
    place_.leave();
    forget_all();
    wake_senders();
}

void local_datagram_socket::wake_senders() noexcept {
    for (local_datagram_socket* const one : senders_)
        one->changed();
}

long local_datagram_socket::bind(socket_address const& to) {
    if (long const no = place_.bind(to); no < 0)
        return no;
    for (local_datagram_socket* const one : senders_)
        one->remote_ = local_;
    return 0;
}

long local_datagram_socket::find_way(socket_address const* to,
                                     std::shared_ptr<local_datagram_socket>& there) {
    if (to == nullptr) {
        if (!is_connected_)
            return -ENOTCONN;
        there = peer();
        if (!there || !there->is_open()) {
            change_peer(nullptr);
            return -ECONNREFUSED;
        }
        return there->hears(*this) ? 0 : -EPERM;
    }
    if (to->family != AF_UNIX || to->path.empty())
        return -EINVAL;
    socket* found = nullptr;
    if (long const no = world_.net().names().find(*to, SOCK_DGRAM, found); no < 0)
        return no;
    there = std::static_pointer_cast<local_datagram_socket>(found->shared_from_this());
    return there->hears(*this) ? 0 : -EPERM;
}

long local_datagram_socket::connect(socket_address const& to) {
    if (to.family == AF_UNSPEC) {
        change_peer(nullptr);
        remote_.path.clear();
        return 0;
    }
    std::shared_ptr<local_datagram_socket> there;
    if (long const no = find_way(&to, there); no < 0)
        return no;
    change_peer(there);
    return 0;
}

long local_datagram_socket::shutdown(unsigned shut) noexcept {
    shut_ |= shut;
    changed();
    return 0;
}

long local_datagram_socket::peer_name(socket_address& out) const {
    if (!is_connected_)
        return -ENOTCONN;
    out = remote_;
    return 0;
}

bool local_datagram_socket::is_full_for(local_datagram_socket const& sender) const noexcept {
    constexpr std::size_t most = 10; // net.unix.max_dgram_qlen
    if (waiting_bytes() + coming_bytes_ >= options_.receive_bytes())
        return true;
    return peer().get() != &sender && waiting() + coming_ > most; // pairs count bytes only
}

bool local_datagram_socket::is_writable() const noexcept {
    std::shared_ptr<local_datagram_socket> const other = peer();
    return !other || !other->is_open() || !other->is_full_for(*this);
}

long local_datagram_socket::send(parts from, int flags, socket_address const* to) {
    if ((flags & MSG_OOB) != 0)
        return -EOPNOTSUPP;
    if (to != nullptr && (to->family != AF_UNIX || to->path.empty()))
        return -EINVAL;
    constexpr std::size_t own = 32; // what Linux keeps of the buffer for itself
    std::size_t const bytes = bytes_of(from);
    if (bytes > options_.send_bytes() - own)
        return -EMSGSIZE;
    if (error_ != 0)
        return -take_error();
    if ((shut_ & shut_send) != 0)
        return -EPIPE;
    std::shared_ptr<local_datagram_socket> there;
    if (long const no = find_way(to, there); no < 0)
        return no;
    if ((there->shut_ & shut_receive) != 0)
        return -EPIPE;
    if (there->is_full_for(*this))
        return -EAGAIN;
    std::shared_ptr<datagram> const one = copy_of(from, local_);
    ++there->coming_;
    there->coming_bytes_ += bytes;
    there->way_here_->carry([there, one] {
        --there->coming_;
        there->coming_bytes_ -= one->bytes.size();
        if (!there->is_open())
            return;
        try {
            there->enqueue(one);
        } catch (std::bad_alloc const&) {
            there->note("has no memory for a datagram");
        }
    });
    return static_cast<long>(bytes);
}

void local_datagram_socket::taken(datagram const&) noexcept { wake_senders(); }

} // namespace rondo::engine::simulation
