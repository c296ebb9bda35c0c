// SPDX-License-Identifier: MIT
#include <rondo/interop/address.hpp>

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>

namespace rondo {
namespace {

std::unexpected<error> bad_at(std::size_t position) noexcept {
    return fail(EINVAL, attempt::resolve, cause::bad_address, position);
}

bool is_number(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a port can be one: getaddrinfo(3) cuts those over 65535 to something else.
bool is_in_range(std::string_view port) noexcept {
    std::uint16_t number = 0;
    return !is_number(port) ||
           std::from_chars(port.data(), port.data() + port.size(), number).ec == std::errc();
}

int family_of(network_kind network) noexcept {
    switch (network) {
    case network_kind::tcp4:
    case network_kind::udp4: return AF_INET;
    case network_kind::tcp6:
    case network_kind::udp6: return AF_INET6;
    default: return AF_UNSPEC;
    }
}

/// A failure of getaddrinfo(3).
error unresolved(int code) noexcept {
    if (code == EAI_SYSTEM)
        return error::last(attempt::resolve);
    if (code == EAI_MEMORY)
        return error(ENOMEM, attempt::resolve);
    return error(code, attempt::resolve, cause::none, 0, error_domain::resolver);
}

struct free_list {
    void operator()(::addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

result<std::vector<endpoint>> look_up(network_kind network, host_and_port const& parts,
                                      address_use use) {
    std::string const host(parts.host);
    std::string const port(parts.port);
    ::addrinfo hints{};
    hints.ai_family = family_of(network);
    hints.ai_socktype = is_udp(network) ? SOCK_DGRAM : SOCK_STREAM;
    hints.ai_flags =
        (use == address_use::to_listen ? AI_PASSIVE : 0) | (is_number(port) ? AI_NUMERICSERV : 0);
    ::addrinfo* list = nullptr;
    int const code =
        ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &list);
    if (code != 0)
        return fail(unresolved(code));
    std::unique_ptr<::addrinfo, free_list> const owner(list);
    std::vector<endpoint> out;
    for (; list != nullptr; list = list->ai_next)
        if (auto one = endpoint::from(list->ai_addr, list->ai_addrlen, network);
            one && std::ranges::find(out, *one) == out.end())
            out.push_back(*one);
    if (out.empty())
        return fail(unresolved(EAI_NONAME));
    // An IPv6 socket on all addresses takes IPv4 as well, so it goes before the other.
    if (host.empty() && use == address_use::to_listen)
        std::ranges::sort(out, [](endpoint const& a, endpoint const& b) {
            return a.family() == AF_INET6 && b.family() != AF_INET6;
        });
    return out;
}

} // namespace

result<host_and_port> split_address(std::string_view address) noexcept {
    if (std::size_t const null = address.find('\0'); null != address.npos)
        return bad_at(null);
    std::size_t const colon = address.rfind(':');
    if (colon == address.npos)
        return bad_at(address.size());
    host_and_port out{address.substr(0, colon), address.substr(colon + 1)};
    if (out.host.starts_with('[')) {
        std::size_t const end = address.find(']');
        if (end == address.npos)
            return bad_at(address.size());
        if (end + 1 != colon)
            return bad_at(end + 1);
        out.host = address.substr(1, end - 1);
        if (out.host.empty())
            return bad_at(end);
    } else if (std::size_t const first = address.find(':'); first != colon) {
        return bad_at(first);
    }
    if (std::size_t const bracket = out.host.find_first_of("[]"); bracket != out.host.npos)
        return bad_at(static_cast<std::size_t>(out.host.data() - address.data()) + bracket);
    if (out.port.empty() || !is_in_range(out.port))
        return bad_at(colon + 1);
    return out;
}

result<std::vector<endpoint>> resolve(network_kind network, std::string_view address,
                                      address_use use) noexcept {
    try {
        if (is_local(network)) {
            auto one = endpoint::from_path(address);
            if (!one)
                return fail(one.error());
            return std::vector<endpoint>{*one};
        }
        auto const parts = split_address(address);
        if (!parts)
            return fail(parts.error());
        return look_up(network, *parts, use);
    } catch (std::exception const&) { // std::bad_alloc
        return fail(ENOMEM, attempt::resolve);
    }
}

result<std::vector<endpoint>> resolve(std::string_view network, std::string_view address,
                                      address_use use) noexcept {
    auto const kind = parse_network(network);
    if (!kind)
        return fail(kind.error());
    return resolve(*kind, address, use);
}

} // namespace rondo
