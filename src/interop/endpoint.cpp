// SPDX-License-Identifier: MIT
#include <rondo/interop/endpoint.hpp>

#include <rondo/core/short_name.hpp>

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo {
namespace {

constexpr ::socklen_t before_path = offsetof(::sockaddr_un, sun_path);

struct named_network {
    std::string_view name;
    network_kind kind;
};
constexpr named_network networks[] = {
    {"tcp", network_kind::tcp},    {"tcp4", network_kind::tcp4}, {"tcp6", network_kind::tcp6},
    {"udp", network_kind::udp},    {"udp4", network_kind::udp4}, {"udp6", network_kind::udp6},
    {"unix", network_kind::local},
};

/// "" or "%eth0": the interface that a link-local address is on.
std::string zone_of(::sockaddr_in6 const& a) {
    if (a.sin6_scope_id == 0)
        return {};
    char name[IF_NAMESIZE];
    if (::if_indextoname(a.sin6_scope_id, name) != nullptr)
        return std::string("%") + name;
    return "%" + std::to_string(a.sin6_scope_id);
}

} // namespace

result<network_kind> parse_network(std::string_view name) noexcept {
    for (named_network const& known : networks)
        if (known.name == name)
            return known.kind;
    return fail(EINVAL, attempt::resolve, cause::unknown_network, short_name::pack(name));
}

std::string_view name_of(network_kind network) noexcept {
    return networks[static_cast<std::size_t>(network)].name;
}

result<endpoint> endpoint::from(::sockaddr const* address, ::socklen_t size,
                                network_kind network) noexcept {
    if (size < sizeof(::sa_family_t))
        return fail(EINVAL, attempt::resolve);
    ::sa_family_t const family = address->sa_family;
    std::size_t const least = family == AF_INET    ? sizeof(::sockaddr_in)
                              : family == AF_INET6 ? sizeof(::sockaddr_in6)
                                                   : sizeof(::sa_family_t);
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
        return fail(EAFNOSUPPORT, attempt::resolve);
    if (size < least || size > sizeof(union address) ||
        (family != AF_UNIX && size > sizeof(::sockaddr_in6)))
        return fail(EINVAL, attempt::resolve);
    endpoint out;
    std::memcpy(static_cast<void*>(&out.address_), address, size);
    out.size_ = size;
    out.network_ = network;
    return out;
}

result<endpoint> endpoint::from_path(std::string_view path) noexcept {
    bool const is_abstract = path.starts_with('@');
    if (path.empty())
        return fail(EINVAL, attempt::resolve, cause::bad_address, 0);
    if (std::size_t const null = path.find('\0'); null != path.npos)
        return fail(EINVAL, attempt::resolve, cause::bad_address, null);
    std::size_t const longest = longest_path + (is_abstract ? 1 : 0);
    if (path.size() > longest)
        return fail(ENAMETOOLONG, attempt::resolve, cause::long_path, path.size());
    endpoint out;
    out.network_ = network_kind::local;
    out.address_.un.sun_family = AF_UNIX;
    std::copy_n(path.data(), path.size(), out.address_.un.sun_path);
    out.size_ = before_path + static_cast<::socklen_t>(path.size());
    if (is_abstract)
        out.address_.un.sun_path[0] = '\0';
    else
        ++out.size_; // the null byte behind the path
    return out;
}

std::string_view endpoint::network() const noexcept {
    return is_local(network_) ? "unix" : is_udp(network_) ? "udp" : "tcp";
}

/// The bytes of sun_path that count: with the first null byte of an abstract name.
std::string_view endpoint::local_name() const noexcept {
    if (size_ <= before_path)
        return {};
    char const* const name = address_.un.sun_path;
    std::size_t const room = size_ - before_path;
    return {name, name[0] == '\0' ? room : ::strnlen(name, room)};
}

bool endpoint::has_path() const noexcept {
    std::string_view const name = family() == AF_UNIX ? local_name() : std::string_view();
    return !name.empty() && name[0] != '\0';
}

std::string endpoint::host() const {
    char text[INET6_ADDRSTRLEN] = {};
    switch (family()) {
    case AF_INET: return ::inet_ntop(AF_INET, &address_.in4.sin_addr, text, sizeof text);
    case AF_INET6:
        return ::inet_ntop(AF_INET6, &address_.in6.sin6_addr, text, sizeof text) +
               zone_of(address_.in6);
    case AF_UNIX: {
        std::string name(local_name());
        if (name.starts_with('\0'))
            std::ranges::replace(name, '\0', '@');
        return name;
    }
    default: return {};
    }
}

std::string endpoint::to_string() const {
    switch (family()) {
    case AF_INET: return host() + ":" + std::to_string(port());
    case AF_INET6: return "[" + host() + "]:" + std::to_string(port());
    default: return host();
    }
}

std::uint16_t endpoint::port() const noexcept {
    switch (family()) {
    case AF_INET: return ntohs(address_.in4.sin_port);
    case AF_INET6: return ntohs(address_.in6.sin6_port);
    default: return 0;
    }
}

bool endpoint::equals(endpoint const& other) const noexcept {
    if (family() != other.family() || network() != other.network() || port() != other.port())
        return false;
    switch (family()) {
    case AF_INET: return address_.in4.sin_addr.s_addr == other.address_.in4.sin_addr.s_addr;
    case AF_INET6:
        return std::memcmp(&address_.in6.sin6_addr, &other.address_.in6.sin6_addr,
                           sizeof(::in6_addr)) == 0 &&
               address_.in6.sin6_scope_id == other.address_.in6.sin6_scope_id;
    case AF_UNIX: return local_name() == other.local_name();
    default: return true;
    }
}

} // namespace rondo
