// SPDX-License-Identifier: MIT
#include "socket_opening.hpp"

#include <rondo/op/net.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace rondo {
namespace {

constexpr attempt binding = op::attempt_of<op::bind>;

int type_of(network_kind network) noexcept { return is_udp(network) ? SOCK_DGRAM : SOCK_STREAM; }

/// An IPv6 socket takes IPv4 when it was asked for on either, whatever net.ipv6.bindv6only says.
result<> choose_versions(int fd, network_kind network) noexcept {
    int const only = network == network_kind::tcp6 || network == network_kind::udp6 ? 1 : 0;
    if (::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0)
        return fail(error::last(attempt::socket_option));
    return {};
}

char const* path_of(endpoint const& place) noexcept {
    return reinterpret_cast<::sockaddr_un const*>(place.data())->sun_path;
}

result<> bind_once(int fd, endpoint const& place) noexcept {
    // "@" alone: the system chooses an abstract name that is free, as it chooses ports.
    bool const chooses_name =
        place.family() == AF_UNIX && place.size() == offsetof(::sockaddr_un, sun_path) + 1;
    ::socklen_t const size = chooses_name ? sizeof(::sa_family_t) : place.size();
    if (::bind(fd, place.data(), size) != 0)
        return fail(error::last(binding));
    return {};
}

result<> bind_to(int fd, endpoint const& place, bool remove_stale) noexcept {
    result<> bound = bind_once(fd, place);
    if (bound || bound.error() != EADDRINUSE || !place.has_path() || !is_stale(place))
        return bound;
    if (!remove_stale)
        return fail(EADDRINUSE, binding, cause::stale_socket);
    if (::unlink(path_of(place)) != 0 && error::last(binding) != ENOENT)
        return fail(error::last(binding));
    return bind_once(fd, place);
}

} // namespace

result<unique_fd> open_socket(endpoint const& place, socket_options const& options,
                              socket_role role) noexcept {
    unique_fd fd(::socket(place.family(), type_of(place.kind()) | SOCK_CLOEXEC, 0));
    if (!fd)
        return fail(error::last(op::attempt_of<op::socket<>>));
    if (place.family() == AF_INET6 && role != socket_role::connects)
        if (result<> const chosen = choose_versions(fd.get(), place.kind()); !chosen)
            return fail(chosen.error());
    if (result<> const set = apply_options(fd.get(), options, place.kind(), role); !set)
        return fail(set.error());
    return fd;
}

result<opened_socket> open_bound(std::string_view network, std::string_view address,
                                 socket_options const& options, socket_role role) noexcept {
    auto const kind = parse_network(network);
    if (!kind)
        return fail(kind.error());
    if (is_udp(*kind) != (role == socket_role::exchanges_datagrams))
        return is_udp(*kind) ? fail(EOPNOTSUPP, op::attempt_of<op::listen>, cause::no_connections)
                             : fail(EPROTOTYPE, binding);
    auto const places = resolve(*kind, address, address_use::to_listen);
    if (!places)
        return fail(places.error());
    error first(EADDRNOTAVAIL, binding);
    bool has_failed = false;
    for (endpoint const& place : *places) {
        auto fd = open_socket(place, options, role);
        result<> const bound =
            fd ? bind_to(fd->get(), place, options.remove_stale) : result<>(fail(fd.error()));
        if (bound)
            return opened_socket{std::move(*fd), *kind, place};
        if (!std::exchange(has_failed, true))
            first = bound.error();
        // Another address will do only where the system does not have this one at all.
        if (bound.error() != EAFNOSUPPORT && bound.error() != EADDRNOTAVAIL)
            break;
    }
    return fail(first);
}

bool is_stale(endpoint const& place) noexcept {
    struct ::stat about{};
    if (!place.has_path() || ::lstat(path_of(place), &about) != 0 || !S_ISSOCK(about.st_mode))
        return false;
    // A datagram socket is no match for a listener, so nobody is disturbed: EPROTOTYPE says that
    // somebody is there.
    unique_fd const probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return probe && ::connect(probe.get(), place.data(), place.size()) != 0 &&
           error::last(binding) == ECONNREFUSED;
}

result<int> socket_fact(int fd, int option) noexcept {
    int value = 0;
    ::socklen_t size = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0)
        return fail(error::last(attempt::adopt));
    return value;
}

result<network_kind> examine(int fd, bool wants_messages) noexcept {
    auto const domain = socket_fact(fd, SO_DOMAIN);
    auto const type = socket_fact(fd, SO_TYPE);
    auto const protocol = socket_fact(fd, SO_PROTOCOL);
    for (auto const* fact : {&domain, &type, &protocol})
        if (!*fact)
            return fail(fact->error());
    bool const is_inet = *domain == AF_INET || *domain == AF_INET6;
    if (is_inet && *type == SOCK_DGRAM && *protocol == IPPROTO_UDP)
        return network_kind::udp;
    if (wants_messages)
        return fail(EPROTOTYPE, attempt::adopt);
    if (is_inet && *type == SOCK_STREAM && *protocol == IPPROTO_TCP)
        return network_kind::tcp;
    if (*domain == AF_UNIX && *type == SOCK_STREAM)
        return network_kind::local;
    return fail(EPROTONOSUPPORT, attempt::adopt);
}

} // namespace rondo
