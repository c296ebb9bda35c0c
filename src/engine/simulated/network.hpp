// SPDX-License-Identifier: MIT
#pragma once

// Who is where: the ports of 127.0.0.0/8 and ::1, and the names of unix sockets, which have no node
// in the file system: a path is free again once its socket is closed. One thread.

#include "object.hpp"
#include "socket_address.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rondo::engine::simulation {

class socket;
class world;

/// A socket's place among the ports. Its socket owns it, and takes it out before it goes.
struct binding {
    socket* who = nullptr;
    socket_address place;      ///< port 0: not bound
    socket_address other_side; ///< port 0: not connected
    bool v6_only = false;
    bool reuses_address = false; ///< SO_REUSEADDR
    bool reuses_port = false;    ///< SO_REUSEPORT
    bool listens = false;

    /// True if what comes to that host is for it.
    [[nodiscard]] bool covers(socket_address const& host) const noexcept;
};

/// The ports of one protocol.
class port_table {
public:
    /// Takes place.port for it, or the next free port for 0: 0, -EADDRINUSE. Throws std::bad_alloc.
    long claim(binding& one);
    /// Takes a port that others have, too: of an accepted connection. Throws std::bad_alloc.
    void share(binding& one);
    void release(binding& one) noexcept;
    /// True if another one listens where `one` is, and does not share.
    [[nodiscard]] bool is_listened_at(binding const& one) const noexcept;
    /// Who gets what comes from `from` to `to`, of those that listen or of those that do not; null.
    [[nodiscard]] socket* find(socket_address const& to, socket_address const& from,
                               bool listens) const noexcept;

private:
    [[nodiscard]] bool is_taken(binding const& one) const noexcept;

    std::map<std::uint16_t, std::vector<binding*>> all_; // in the order they came
    std::uint16_t next_ = first_free;

    static constexpr std::uint16_t first_free = 32768, last_free = 60999;
};

/// The names of unix sockets; abstract ones are per type of socket, as in Linux.
class name_table {
public:
    /// 0, -EADDRINUSE. Gives it a name when `name` asks for any. Throws std::bad_alloc.
    long claim(socket& who, socket_address& name);
    void release(socket& who, socket_address const& name) noexcept;
    /// 0, -ENOENT, -ECONNREFUSED, -EPROTOTYPE. Throws std::bad_alloc.
    long find(socket_address const& name, int style, socket*& out) const;

private:
    [[nodiscard]] static std::string key_of(socket_address const& name, int style);

    std::map<std::string, socket*> all_;
    std::set<std::string> left_behind_; // paths whose sockets are closed
    std::uint32_t last_ = 0;            // of the names that were given
};

/// See the top of this file.
class network {
public:
    explicit network(world&) noexcept {}
    [[nodiscard]] port_table& tcp() noexcept { return tcp_; }
    [[nodiscard]] port_table& udp() noexcept { return udp_; }
    [[nodiscard]] name_table& names() noexcept { return names_; }

private:
    port_table tcp_, udp_;
    name_table names_;
};

/// socket(2) without a descriptor: 0, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EINVAL.
/// `type` has no flags in it. Throws std::bad_alloc.
long make_socket(world& w, int domain, int type, int protocol, std::shared_ptr<socket>& out);
/// socketpair(2) the same way: two that are connected; two null pointers for what has no pairs:
/// only unix sockets do. Throws std::bad_alloc.
[[nodiscard]] std::pair<std::shared_ptr<object>, std::shared_ptr<object>> socket_pair(world& w,
                                                                                      int domain,
                                                                                      int type);

} // namespace rondo::engine::simulation
