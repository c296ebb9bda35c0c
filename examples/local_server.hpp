// SPDX-License-Identifier: MIT
#pragma once

// What the servers among the examples need before their ring comes into play: a socket that
// listens on this machine's own address, and signals as something to read. One thread.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace local_server {

/// `answer`, which a system call gave, or an exception.
inline int checked(int answer, char const* what) {
    if (answer < 0)
        rondo::throw_error(rondo::error::last(rondo::attempt::none), what);
    return answer;
}

/// Listens on 127.0.0.1, port 0 being any free one, and prints where as a URL. Connections inherit
/// that small writes go out at once.
inline rondo::unique_fd listen_on(std::uint16_t port) {
    rondo::unique_fd out(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    int const yes = 1;
    checked(::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
    checked(::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<::sockaddr*>(&address);
    ::socklen_t size = sizeof address;
    checked(::bind(out.get(), any, size), "bind");
    checked(::listen(out.get(), SOMAXCONN), "listen");
    checked(::getsockname(out.get(), any, &size), "getsockname");
    std::printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return out;
}

/// Readable when SIGINT or SIGTERM has come. To be called before anything starts a thread, which
/// would take the signal.
inline rondo::unique_fd take_signals() {
    ::sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGINT);
    ::sigaddset(&wanted, SIGTERM);
    checked(::sigprocmask(SIG_BLOCK, &wanted, nullptr), "sigprocmask");
    return rondo::unique_fd(checked(::signalfd(-1, &wanted, SFD_CLOEXEC), "signalfd"));
}

/// The number that an argument is, or an exception that names it.
template <class Number>
Number number(char const* argument) {
    Number out{};
    auto const end = std::from_chars(argument, argument + std::strlen(argument), out);
    if (end.ec != std::errc{} || *end.ptr != '\0')
        throw std::invalid_argument(std::string(argument) + " is no number of the kind wanted");
    return out;
}

} // namespace local_server
