// SPDX-License-Identifier: MIT
#include "inet_place.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace rondo::engine::simulation {

inet_place::inet_place(socket& who, port_table& ports, int domain) noexcept
    : ports_(ports), domain_(domain) {
    own_.who = &who;
    own_.place = own_.other_side = socket_address::any(domain);
    bound_ = own_.place.host;
}

void inet_place::take(socket_options const& options) noexcept {
    own_.v6_only =
        domain_ == AF_INET6 && (bound_to_v6_ || options.value(IPPROTO_IPV6, IPV6_V6ONLY) != 0);
    own_.reuses_address = options.is_on(SO_REUSEADDR);
    own_.reuses_port = options.is_on(SO_REUSEPORT);
}

long inet_place::bind(socket_address const& to, socket_options const& options, bool may_be) {
    if (!to.fits(domain_))
        return -EINVAL;
    bool const any_v4 = domain_ == AF_INET && to.family == AF_UNSPEC && to.port == 0;
    if (to.family != domain_ && !any_v4)
        return -EAFNOSUPPORT;
    if (domain_ == AF_INET6 && (is_bound() || !may_be))
        return -EINVAL;
    take(options);
    socket_address const wanted = any_v4 ? socket_address::any(AF_INET) : to;
    if (domain_ == AF_INET6 && wanted.is_v4() && own_.v6_only)
        return -EINVAL;
    if (!wanted.is_any() && !wanted.is_loopback())
        return -EADDRNOTAVAIL;
    if (is_bound() || !may_be)
        return -EINVAL;
    socket_address const before = own_.place;
    own_.place = wanted;
    long const done = ports_.claim(own_);
    if (done < 0) {
        own_.place = before;
        return done;
    }
    bound_ = wanted.host;
    bound_to_v6_ = !wanted.is_any() && !wanted.is_v4();
    return done;
}

void inet_place::share(socket_address const& place, socket_address const& other_side,
                       socket_options const& options) {
    take(options);
    own_.place = place;
    own_.other_side = other_side;
    ports_.share(own_);
}

long inet_place::bind_any(socket_options const& options) {
    if (is_bound())
        return 0;
    take(options);
    return ports_.claim(own_) < 0 ? -EAGAIN : 0;
}

long inet_place::resolve(socket_address& to) const noexcept {
    bool const own_v4 = own_.place.is_v4();
    bool const v4 = to.is_v4() || (to.is_any() && own_v4);
    if (v4 && own_.v6_only)
        return -ENETUNREACH;
    if (own_v4 && !v4)
        return -EAFNOSUPPORT;
    if (v4 && !own_v4 && !own_.place.is_any())
        return -ENETUNREACH;
    if (to.is_any()) // oneself
        to.host = own_v4 && !own_.place.is_any() ? own_.place.host
                                                 : socket_address::loopback(domain_, v4).host;
    return to.is_loopback() ? 0 : -ENETUNREACH;
}

socket_address inet_place::seen_from(socket_address const& to) const {
    socket_address out = own_.place;
    if (out.is_any())
        out.host = socket_address::loopback(domain_, to.is_v4()).host;
    return out;
}

void inet_place::connect(socket_address const& to) {
    own_.place = seen_from(to);
    own_.other_side = to;
}

void inet_place::disconnect() noexcept {
    own_.place.host = bound_;
    own_.other_side.port = 0;
}

void inet_place::leave() noexcept {
    if (is_bound())
        ports_.release(own_);
    own_.place.port = 0;
    own_.listens = false;
}

} // namespace rondo::engine::simulation
