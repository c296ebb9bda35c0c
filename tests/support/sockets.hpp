// SPDX-License-Identifier: MIT
#pragma once

// Sockets for tests, on the loopback device only. Everything here fails the program when the system
// refuses: there is nothing to test without.

#include <rondo/core/fd.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rondo::test {

/// `value` of a system call, unless it is -1.
inline int must(int value, char const* what) {
    if (value == -1)
        throw std::system_error(errno, std::system_category(), what);
    return value;
}

/// 127.0.0.1 and a port; 0: any free one.
inline ::sockaddr_in loopback(::in_port_t port = 0) {
    ::sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

inline ::sockaddr* address_of(::sockaddr_in& a) { return reinterpret_cast<::sockaddr*>(&a); }

/// Where a socket is bound.
inline ::sockaddr_in name_of(unique_fd const& fd) {
    ::sockaddr_in out{};
    ::socklen_t size = sizeof out;
    must(::getsockname(fd.get(), address_of(out), &size), "getsockname");
    return out;
}

/// A socket bound to a free port of 127.0.0.1.
inline unique_fd bound_socket(int type) {
    unique_fd fd(must(::socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket"));
    ::sockaddr_in a = loopback();
    must(::bind(fd.get(), address_of(a), sizeof a), "bind");
    return fd;
}

inline unique_fd tcp_listener() {
    unique_fd fd = bound_socket(SOCK_STREAM);
    must(::listen(fd.get(), 16), "listen");
    return fd;
}

/// A blocking TCP connection to a listener of this program.
inline unique_fd tcp_client(unique_fd const& listener) {
    unique_fd fd(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    ::sockaddr_in a = name_of(listener);
    must(::connect(fd.get(), address_of(a), sizeof a), "connect");
    return fd;
}

/// The two ends of a TCP connection.
inline std::pair<unique_fd, unique_fd> tcp_pair() {
    unique_fd const listener = tcp_listener();
    unique_fd client = tcp_client(listener);
    return {std::move(client),
            unique_fd(must(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept4"))};
}

/// The two ends of a connection between unix sockets.
inline std::pair<unique_fd, unique_fd> unix_pair(int type = SOCK_STREAM) {
    int ends[2];
    must(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), "socketpair");
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

inline void send_text(unique_fd const& fd, std::string_view text) {
    auto const n = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    must(n == static_cast<::ssize_t>(text.size()) ? 0 : -1, "send");
}

/// Exactly `size` bytes, or fewer when the peer shuts down before.
inline std::string receive_text(unique_fd const& fd, std::size_t size) {
    std::string out(size, '\0');
    auto const n = ::recv(fd.get(), out.data(), size, MSG_WAITALL);
    out.resize(static_cast<std::size_t>(must(static_cast<int>(n), "recv")));
    return out;
}

} // namespace rondo::test
