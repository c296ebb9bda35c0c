// SPDX-License-Identifier: MIT
#include "network.hpp"

#include "guarded.hpp"

#include "local_datagram_socket.hpp"
#include "local_stream_socket.hpp"
#include "tcp_socket.hpp"
#include "udp_socket.hpp"
#include "world.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace rondo::engine::simulation {

bool binding::covers(socket_address const& host) const noexcept {
    if (place.same_host(host))
        return true;
    if (!place.is_any())
        return false;
    if (host.is_v4())
        return place.is_v4() || !v6_only;
    return !place.is_v4();
}

bool port_table::is_taken(binding const& one) const noexcept {
    auto const found = all_.find(one.place.port);
    if (found == all_.end())
        return false;
    return std::ranges::any_of(found->second, [&one](binding const* other) {
        if (!one.covers(other->place) && !other->covers(one.place))
            return false;
        bool const shared = (one.reuses_port && other->reuses_port) ||
                            (one.reuses_address && other->reuses_address && !other->listens);
        return !shared;
    });
}

long port_table::claim(binding& one) {
    if (one.place.port != 0) {
        if (is_taken(one))
            return -EADDRINUSE;
        share(one);
        return 0;
    }
    for (int tries = first_free; tries <= last_free; ++tries) {
        std::uint16_t const port = next_;
        next_ = next_ == last_free ? first_free : static_cast<std::uint16_t>(next_ + 1);
        if (all_.contains(port))
            continue;
        one.place.port = port;
        share(one);
        return 0;
    }
    return -EADDRINUSE;
}

void port_table::share(binding& one) { all_[one.place.port].push_back(&one); }

void port_table::release(binding& one) noexcept {
    auto const found = all_.find(one.place.port);
    if (found == all_.end())
        return;
    std::erase(found->second, &one);
    if (found->second.empty())
        all_.erase(found);
}

bool port_table::is_listened_at(binding const& one) const noexcept {
    auto const found = all_.find(one.place.port);
    return found != all_.end() && std::ranges::any_of(found->second, [&one](binding const* other) {
               return other != &one && other->listens &&
                      (one.covers(other->place) || other->covers(one.place)) &&
                      !(one.reuses_port && other->reuses_port);
           });
}

socket* port_table::find(socket_address const& to, socket_address const& from,
                         bool listens) const noexcept {
    auto const found = all_.find(to.port);
    if (found == all_.end())
        return nullptr;
    auto const fitness = [&](binding const& one) {
        bool const connected = one.other_side.port != 0;
        if (one.listens != listens || !one.covers(to) ||
            (connected && !one.other_side.same_place(from)))
            return 0;
        return 1 + (connected ? 2 : 0) + (one.place.is_any() ? 0 : 1);
    };
    int best = 0;
    std::vector<binding*>::size_type count = 0;
    for (binding const* one : found->second) {
        int const fits = fitness(*one);
        count = fits > best ? 1 : fits == best ? count + 1 : count;
        best = std::max(best, fits);
    }
    if (best == 0)
        return nullptr;
    // Those that share a port share what comes to it, but each sender has one of them only.
    auto chosen = from.port % count;
    for (binding const* one : found->second)
        if (fitness(*one) == best && chosen-- == 0)
            return one->who;
    return nullptr;
}

std::string name_table::key_of(socket_address const& name, int style) {
    std::string key = name.path;
    if (!key.empty() && key.front() == '\0')
        key.push_back(static_cast<char>(style));
    return key;
}

long name_table::claim(socket& who, socket_address& name) {
    if (name.any_name) {
        char text[8];
        do {
            last_ = (last_ + 1) & 0xfffff;
            std::snprintf(text, sizeof text, "%05x", last_);
            name.path.assign(1, '\0').append(text);
        } while (all_.contains(key_of(name, who.style())));
        name.any_name = false;
    }
    std::string key = key_of(name, who.style());
    left_behind_.erase(key);
    return all_.emplace(std::move(key), &who).second ? 0 : -EADDRINUSE;
}

void name_table::release(socket& who, socket_address const& name) noexcept {
    auto const found =
        std::ranges::find_if(all_, [&who](auto const& one) { return one.second == &who; });
    if (found == all_.end())
        return;
    // Without memory it is as if it had been unlinked.
    if (name.path.front() != '\0')
        static_cast<void>(has_memory_for([&] { left_behind_.insert(found->first); }));
    all_.erase(found);
}

long name_table::find(socket_address const& name, int style, socket*& out) const {
    std::string const key = key_of(name, style);
    auto const found = all_.find(key);
    if (found == all_.end()) {
        bool const is_path = !name.path.empty() && name.path.front() != '\0';
        return is_path && !left_behind_.contains(key) ? -ENOENT : -ECONNREFUSED;
    }
    if (found->second->style() != style)
        return -EPROTOTYPE;
    out = found->second;
    return 0;
}

namespace {

long make_local(world& w, int type, int protocol, std::shared_ptr<socket>& out) {
    if (protocol != 0 && protocol != PF_UNIX)
        return -EPROTONOSUPPORT;
    switch (type) {
    case SOCK_STREAM:
    case SOCK_SEQPACKET: out = w.make<local_stream_socket>(w, type); return 0;
    case SOCK_RAW: // which is another word for it
    case SOCK_DGRAM: out = w.make<local_datagram_socket>(w); return 0;
    default: return -ESOCKTNOSUPPORT;
    }
}

} // namespace

long make_socket(world& w, int domain, int type, int protocol, std::shared_ptr<socket>& out) {
    if (domain == AF_UNIX)
        return make_local(w, type, protocol, out);
    if (domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    switch (type) {
    case SOCK_STREAM:
        if (protocol != 0 && protocol != IPPROTO_TCP)
            return -EPROTONOSUPPORT;
        out = w.make<tcp_socket>(w, domain);
        return 0;
    case SOCK_DGRAM:
        if (protocol != 0 && protocol != IPPROTO_UDP)
            return -EPROTONOSUPPORT;
        out = w.make<udp_socket>(w, domain);
        return 0;
    case SOCK_RAW: return -EPROTONOSUPPORT;
    default: return type < 0 || type > SOCK_PACKET ? -EINVAL : -ESOCKTNOSUPPORT;
    }
}

std::pair<std::shared_ptr<object>, std::shared_ptr<object>> socket_pair(world& w, int domain,
                                                                        int type) {
    if (domain != AF_UNIX)
        return {};
    if (type == SOCK_STREAM || type == SOCK_SEQPACKET) {
        auto first = w.make<local_stream_socket>(w, type);
        auto second = w.make<local_stream_socket>(w, type);
        join(*first, *second);
        return {std::move(first), std::move(second)};
    }
    if (type != SOCK_DGRAM && type != SOCK_RAW)
        return {};
    auto first = w.make<local_datagram_socket>(w);
    auto second = w.make<local_datagram_socket>(w);
    first->join(*second);
    return {std::move(first), std::move(second)};
}

} // namespace rondo::engine::simulation
