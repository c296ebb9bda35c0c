// SPDX-License-Identifier: MIT
#pragma once

// System calls about pipes and sockets in a world of their own. One thread.

#include "world_fixture.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace rondo::engine::simulation {

/// An address and its length.
struct place {
    ::sockaddr_storage bytes{};
    ::socklen_t size = sizeof(::sockaddr_storage);
};

inline place v4(char const* host, std::uint16_t port) {
    place out;
    auto& in = reinterpret_cast<::sockaddr_in&>(out.bytes);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &in.sin_addr);
    out.size = sizeof in;
    return out;
}

inline place v6(char const* host, std::uint16_t port) {
    place out;
    auto& in = reinterpret_cast<::sockaddr_in6&>(out.bytes);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    ::inet_pton(AF_INET6, host, &in.sin6_addr);
    out.size = sizeof in;
    return out;
}

inline place local(std::string_view name) {
    place out;
    auto& in = reinterpret_cast<::sockaddr_un&>(out.bytes);
    in.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), in.sun_path);
    bool const is_path = !name.empty() && name.front() != '\0';
    out.size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size() +
                                        (is_path ? 1 : 0));
    return out;
}

/// "127.0.0.1:80", "[::1]:80", "unix:name" with @ for bytes of 0.
inline std::string text_of(place const& from) {
    char host[INET6_ADDRSTRLEN] = "";
    switch (from.bytes.ss_family) {
    case AF_INET: {
        auto const& in = reinterpret_cast<::sockaddr_in const&>(from.bytes);
        ::inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
    }
    case AF_INET6: {
        auto const& in = reinterpret_cast<::sockaddr_in6 const&>(from.bytes);
        ::inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
        return "[" + std::string(host) + "]:" + std::to_string(ntohs(in.sin6_port));
    }
    default: {
        auto const& in = reinterpret_cast<::sockaddr_un const&>(from.bytes);
        std::string name(in.sun_path, from.size - offsetof(::sockaddr_un, sun_path));
        std::replace(name.begin(), name.end(), '\0', '@');
        return "unix:" + name;
    }
    }
}

/// Whether an edge was told since the last question.
class edges {
public:
    edges(world& w, long fd, std::uint32_t events) : w_(w) {
        long const make[6] = {EPOLL_CLOEXEC};
        set_ = w.call(SYS_epoll_create1, make);
        ::epoll_event event{.events = events | EPOLLET, .data = {}};
        long const add[6] = {set_, EPOLL_CTL_ADD, fd, reinterpret_cast<long>(&event)};
        w.call(SYS_epoll_ctl, add);
        told();
    }
    ~edges() { w_.close(static_cast<int>(set_)); }
    bool told() {
        ::epoll_event out[4];
        long const wait[6] = {set_, reinterpret_cast<long>(out), 4, 0};
        return w_.call(SYS_epoll_pwait, wait) > 0;
    }

private:
    world& w_;
    long set_ = -1;
};

/// Nothing is left to chance, and nothing takes time.
inline constexpr habits calm{.net_ns = 0};
/// All that the network does takes up to a millisecond.
inline constexpr habits slow{.net_ns = 1'000'000};

class sockets_fixture : public world_fixture {
protected:
    explicit sockets_fixture(habits how = calm, std::uint64_t seed = 1)
        : world_fixture(how, seed) {}

    long close(long fd) { return call(SYS_close, fd); }

    std::pair<long, long> pipe() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(call(SYS_pipe2, ends, O_NONBLOCK), 0);
        return {keep(ends[0]), keep(ends[1])};
    }
    long socket(int domain, int type) { return keep(call(SYS_socket, domain, type, 0)); }
    std::pair<long, long> pair(int type) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(call(SYS_socketpair, AF_UNIX, type, 0, ends), 0);
        return {keep(ends[0]), keep(ends[1])};
    }
    long bind(long fd, place const& at) { return call(SYS_bind, fd, &at.bytes, at.size); }
    long connect(long fd, place const& to) { return call(SYS_connect, fd, &to.bytes, to.size); }
    long accept(long fd) { return keep(call(SYS_accept4, fd, 0, 0, SOCK_NONBLOCK)); }
    long listener(int domain, int type, place const& at, int backlog = 8) {
        long const fd = socket(domain, type);
        EXPECT_EQ(bind(fd, at), 0);
        EXPECT_EQ(call(SYS_listen, fd, backlog), 0);
        return fd;
    }
    /// Two sockets with a TCP connection, the second one accepted.
    std::pair<long, long> tcp_pair() {
        place const at = v4("127.0.0.1", port_++);
        long const heard = listener(AF_INET, SOCK_STREAM, at);
        long const client = socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(connect(client, at), -EINPROGRESS);
        settle();
        long const server = accept(heard);
        EXPECT_GE(server, 0);
        EXPECT_EQ(close(heard), 0);
        return {client, server};
    }

    long send(long fd, std::string_view text, int flags = 0) {
        return call(SYS_sendto, fd, text.data(), text.size(), flags, 0, 0);
    }
    long send_to(long fd, place const& to, std::string_view text) {
        return call(SYS_sendto, fd, text.data(), text.size(), 0, &to.bytes, to.size);
    }
    /// What came, or "error N".
    std::string receive(long fd, std::size_t bytes = 100, int flags = 0) {
        std::string out(bytes, '?');
        return outcome_of(call(SYS_recvfrom, fd, out.data(), out.size(), flags, 0, 0), out);
    }

    /// What the descriptor shows of `interest`.
    std::uint32_t ready(long fd, std::uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP) {
        std::shared_ptr<open_file> const file = w.find(static_cast<int>(fd));
        return file ? file->what->ready(*file) & (interest | EPOLLERR | EPOLLHUP) : EPOLLNVAL;
    }
    long option(long fd, int level, int name) {
        int value = -1;
        ::socklen_t size = sizeof value;
        long const done = call(SYS_getsockopt, fd, level, name, &value, &size);
        return done < 0 ? done : value;
    }
    long set(long fd, int level, int name, int value) {
        return call(SYS_setsockopt, fd, level, name, &value, sizeof value);
    }
    std::string name_of(long fd, long which = SYS_getsockname) {
        place out;
        long const done = call(which, fd, &out.bytes, &out.size);
        return done < 0 ? error(static_cast<int>(-done)) : text_of(out);
    }
    long waiting_bytes(long fd) {
        int bytes = -1;
        long const done = call(SYS_ioctl, fd, FIONREAD, &bytes);
        return done < 0 ? done : bytes;
    }

    /// Until nothing is on its way, which takes less than a second.
    void settle() { w.pass(1'000'000'000); }

    static constexpr std::uint32_t EPOLLNVAL = POLLNVAL;

private:
    std::uint16_t port_ = 7000;
};

} // namespace rondo::engine::simulation
