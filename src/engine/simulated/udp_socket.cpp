// SPDX-License-Identifier: MIT
#include "udp_socket.hpp"

#include "guarded.hpp"
#include "network.hpp"
#include "world.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

namespace rondo::engine::simulation {
namespace {

constexpr std::size_t largest_v4 = 65'507; // bytes: 64 KiB without the headers of IP and UDP
constexpr std::size_t largest_v6 = 65'527;
constexpr std::size_t overhead = 256; // bytes that each one takes in the receiver's buffer, too

} // namespace

udp_socket::udp_socket(world& w, int domain) noexcept
    : datagram_socket(w, domain, IPPROTO_UDP), place_(*this, w.net().udp(), domain) {
    local_ = remote_ = socket_address::any(domain);
}

long udp_socket::bind(socket_address const& to) {
    long const done = place_.bind(to, options_, true);
    has_own_port_ = has_own_port_ || done == 0;
    if (done == 0)
        local_ = place_.own().place.seen_by(domain());
    return done;
}

long udp_socket::find_way(socket_address const* to, socket_address& there) {
    if (to == nullptr) {
        there = remote_;
        return is_connected_ ? 0 : -EDESTADDRREQ;
    }
    there = *to;
    if (to->family != AF_INET && !to->fits(domain()))
        return -EINVAL;
    if (to->family != AF_INET && to->family != domain())
        return domain() == AF_INET ? -EAFNOSUPPORT : -EINVAL;
    if (to->port == 0)
        return -EINVAL;
    return place_.resolve(there);
}

long udp_socket::connect(socket_address const& to) {
    if (to.family == AF_UNSPEC) {
        is_connected_ = false;
        remote_ = socket_address::any(domain());
        place_.disconnect();
        if (!has_own_port_)
            place_.leave();
        local_ = place_.own().place.seen_by(domain());
        return 0;
    }
    place_.take(options_);
    if (long const no = place_.bind_any(options_); no < 0)
        return no;
    socket_address there = to;
    bool const v4_by_v6 = domain() == AF_INET6 && to.family == AF_INET;
    if (!v4_by_v6 && !to.fits(domain()))
        return -EINVAL;
    if (v4_by_v6 && place_.own().v6_only)
        return -EAFNOSUPPORT;
    if (to.family != domain() && !v4_by_v6)
        return -EAFNOSUPPORT;
    if (long const no = place_.resolve(there); no < 0)
        return no;
    is_connected_ = true;
    remote_ = there.seen_by(domain());
    place_.connect(remote_);
    local_ = place_.own().place.seen_by(domain());
    changed();
    return 0;
}

long udp_socket::shutdown(unsigned shut) noexcept {
    shut_ |= shut;
    changed();
    return is_connected_ ? 0 : -ENOTCONN;
}

long udp_socket::peer_name(socket_address& out) const {
    if (!is_connected_)
        return -ENOTCONN;
    out = remote_;
    return 0;
}

long udp_socket::send(parts from, int flags, socket_address const* to) {
    if ((flags & MSG_OOB) != 0)
        return -EOPNOTSUPP;
    place_.take(options_);
    if (long const no = place_.bind_any(options_); no < 0)
        return no;
    if (!is_connected_)
        local_ = place_.own().place.seen_by(domain());
    socket_address there;
    if (long const no = find_way(to, there); no < 0)
        return no;
    std::size_t const bytes = bytes_of(from);
    if (bytes > (there.is_v4() ? largest_v4 : largest_v6))
        return -EMSGSIZE;
    if (error_ != 0)
        return -take_error();
    if ((shut_ & shut_send) != 0)
        return -EPIPE;
    std::shared_ptr<datagram> const one = copy_of(from, place_.seen_from(there));
    std::weak_ptr<object> const self = weak_from_this();
    in_time(world_, travel_time(world_), [&w = world_, self, one, there] {
        auto* const found = static_cast<udp_socket*>(w.net().udp().find(there, one->from, false));
        if (found != nullptr)
            return found->arrive(one);
        // An ICMP message goes back.
        in_time(w, travel_time(w), [self, there] {
            if (std::shared_ptr<object> const sender = self.lock())
                static_cast<udp_socket&>(*sender).refused(there);
        });
    });
    return static_cast<long>(bytes);
}

void udp_socket::arrive(std::shared_ptr<datagram> one) noexcept {
    std::size_t const used = waiting_bytes() + waiting() * overhead;
    if (used >= options_.receive_bytes())
        return note("has no room for a datagram", one->bytes.size());
    one->from.family = domain();
    try {
        enqueue(std::move(one));
    } catch (std::bad_alloc const&) {
        note("has no memory for a datagram");
    }
}

void udp_socket::refused(socket_address const& there) noexcept {
    if (!is_connected_ || !remote_.same_place(there))
        return;
    error_ = ECONNREFUSED;
    note("a datagram is refused");
    changed();
}

void udp_socket::left() noexcept {
    place_.leave();
    forget_all();
}

long udp_socket::before_option(int level, int name) const noexcept {
    bool const late = level == IPPROTO_IPV6 && name == IPV6_V6ONLY && place_.is_bound();
    return late ? -EINVAL : 0;
}

void udp_socket::after_option() noexcept { place_.take(options_); }

} // namespace rondo::engine::simulation
