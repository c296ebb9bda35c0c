// SPDX-License-Identifier: MIT
#include "socket_facts.hpp"

#include "calls.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace rondo::engine::emulation {
namespace {

/// Held while a socket is made non-blocking: a second one that came between would take the flag for
/// its owner's and leave it, or find it gone before its own call.
constinit std::mutex moments;

/// Without kernel TLS or the like, which make records of the bytes.
bool is_plain_tcp(int fd) noexcept {
    char layer[16] = {};
    ::socklen_t size = sizeof layer;
    return socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP &&
           (call(SYS_getsockopt, fd, IPPROTO_TCP, TCP_ULP, layer, &size) < 0 || size == 0);
}

} // namespace

long socket_option(int fd, int name) noexcept {
    int value = 0;
    ::socklen_t size = sizeof value;
    long const done = call(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &size);
    return done < 0 ? done : value;
}

bool transfers_in_parts(int fd) noexcept {
    long const type = socket_option(fd, SO_TYPE);
    return type == SOCK_STREAM || type == SOCK_SEQPACKET;
}

bool sends_without_copy(int fd) noexcept {
    long const protocol = socket_option(fd, SO_PROTOCOL);
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
        return false;
    long const domain = socket_option(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) && socket_option(fd, SO_TYPE) != SOCK_RAW;
}

inflow inflow_of(int fd) noexcept {
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM)
        return inflow::untold;
    switch (socket_option(fd, SO_DOMAIN)) {
    case AF_INET:
    case AF_INET6: return is_plain_tcp(fd) ? inflow::tcp : inflow::untold;
    case AF_UNIX: return inflow::unix_bytes;
    default: return inflow::untold;
    }
}

bool has_bytes(int fd) noexcept {
    int bytes = 0;
    return call(SYS_ioctl, fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

nonblocking_moment::nonblocking_moment(int fd) noexcept : turn_(moments), fd_(fd) {
    long const flags = call(SYS_fcntl, fd, F_GETFL);
    was_nonblocking_ = flags >= 0 && (flags & O_NONBLOCK) != 0;
    if (was_nonblocking_) {
        turn_.unlock();
        return;
    }
    // Not F_SETFL, which would undo what others do to other flags meanwhile.
    int on = 1;
    changed_ = call(SYS_ioctl, fd, FIONBIO, &on) == 0;
}

nonblocking_moment::~nonblocking_moment() {
    int off = 0;
    if (changed_)
        call(SYS_ioctl, fd_, FIONBIO, &off);
}

} // namespace rondo::engine::emulation
