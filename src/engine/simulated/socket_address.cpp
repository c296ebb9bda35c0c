// SPDX-License-Identifier: MIT
#include "socket_address.hpp"

#include "user_data.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo::engine::simulation {
namespace {

constexpr std::size_t path_at = offsetof(::sockaddr_un, sun_path);
constexpr std::size_t shortest_v6 = 24; // without the scope, as programs of old have it

socket_address::host_bytes mapped(std::uint32_t v4) noexcept {
    socket_address::host_bytes out{};
    out[10] = out[11] = 0xff;
    std::memcpy(&out[12], &v4, sizeof v4);
    return out;
}

long get_path(socket_address& out, char const* path, std::size_t size) {
    out.any_name = size == 0;
    if (size != 0 && path[0] != '\0')
        size = static_cast<std::size_t>(std::find(path, path + size, '\0') - path);
    out.path.assign(path, size);
    return 0;
}

} // namespace

bool socket_address::is_v4() const noexcept {
    return std::all_of(host.begin(), host.begin() + 10, [](auto byte) { return byte == 0; }) &&
           host[10] == 0xff && host[11] == 0xff;
}

bool socket_address::fits(int domain) const noexcept {
    return bytes >= (domain == AF_INET ? sizeof(::sockaddr_in) : shortest_v6);
}

bool socket_address::is_any() const noexcept {
    auto const from = host.begin() + (is_v4() ? 12 : 0);
    return std::all_of(from, host.end(), [](auto byte) { return byte == 0; });
}

bool socket_address::is_loopback() const noexcept {
    return is_v4() ? host[12] == 127
                   : host == host_bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

socket_address socket_address::loopback(int family, bool v4) {
    socket_address out;
    out.family = family;
    if (v4)
        out.host = mapped(htonl(INADDR_LOOPBACK));
    else
        out.host[15] = 1;
    return out;
}

socket_address socket_address::any(int family) {
    socket_address out;
    out.family = family;
    if (family == AF_INET)
        out.host = mapped(0);
    return out;
}

socket_address socket_address::seen_by(int other_family) const {
    socket_address out = *this;
    out.family = other_family;
    return out;
}

long get_address(socket_address& out, long at, long bytes) {
    auto const size = static_cast<std::size_t>(static_cast<int>(bytes));
    if (static_cast<int>(bytes) < 0 || size > sizeof(::sockaddr_storage))
        return -EINVAL;
    if (at == 0 && size != 0)
        return -EFAULT;
    union {
        ::sockaddr_storage any;
        ::sockaddr_in v4;
        ::sockaddr_in6 v6;
        ::sockaddr_un local;
    } from{};
    get_bytes(at, &from, size);
    if (size < sizeof from.any.ss_family)
        return -EINVAL;
    out.family = from.any.ss_family;
    out.bytes = static_cast<unsigned>(size);
    switch (out.family) {
    case AF_INET:
        if (size < sizeof from.v4)
            return -EINVAL;
        out.host = mapped(from.v4.sin_addr.s_addr);
        out.port = ntohs(from.v4.sin_port);
        return 0;
    case AF_INET6:
        if (size < shortest_v6)
            return -EINVAL;
        std::memcpy(out.host.data(), &from.v6.sin6_addr, sizeof out.host);
        out.port = ntohs(from.v6.sin6_port);
        return 0;
    case AF_UNIX:
        if (size > sizeof from.local)
            return -EINVAL;
        return get_path(out, from.local.sun_path, size - path_at);
    default: return 0;
    }
}

unsigned put_name(socket_address const& from, long at, unsigned room) noexcept {
    auto const write = [at, room](void const* what, std::size_t size) {
        put_bytes(at, what, std::min<std::size_t>(size, room));
        return static_cast<unsigned>(size);
    };
    switch (from.family) {
    case AF_INET: {
        ::sockaddr_in out{};
        out.sin_family = AF_INET;
        out.sin_port = htons(from.port);
        std::memcpy(&out.sin_addr, &from.host[12], sizeof out.sin_addr);
        return write(&out, sizeof out);
    }
    case AF_INET6: {
        ::sockaddr_in6 out{};
        out.sin6_family = AF_INET6;
        out.sin6_port = htons(from.port);
        std::memcpy(&out.sin6_addr, from.host.data(), sizeof out.sin6_addr);
        return write(&out, sizeof out);
    }
    case AF_UNIX: {
        ::sockaddr_un out{};
        out.sun_family = AF_UNIX;
        std::size_t const size = std::min(from.path.size(), sizeof out.sun_path);
        std::memcpy(out.sun_path, from.path.data(), size);
        bool const ends = size != 0 && from.path[0] != '\0'; // with a byte of 0, which counts
        return write(&out, std::min(path_at + size + (ends ? 1 : 0), sizeof out));
    }
    default: return 0;
    }
}

long put_address(socket_address const& from, long at, long length_at) noexcept {
    if (at == 0)
        return 0;
    if (length_at == 0)
        return -EFAULT;
    int const room = get_value<int>(length_at);
    if (room < 0)
        return -EINVAL;
    put_value(length_at, put_name(from, at, static_cast<unsigned>(room)));
    return 0;
}

} // namespace rondo::engine::simulation
