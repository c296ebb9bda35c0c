// SPDX-License-Identifier: MIT
// Connecting sockets: begun without waiting, ended when the socket says so.
#include "socket_operations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "socket_facts.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <poll.h>

namespace rondo::engine::emulation {
namespace {

std::int32_t check(abi::sqe const& entry) noexcept {
    if (any_set(entry.len, entry.buf_index, entry.rw_flags, entry.splice_fd_in))
        return -EINVAL;
    return check_address(entry.addr, static_cast<std::uint32_t>(entry.addr2));
}

bool keep(request& r) noexcept {
    return keep_bytes(r, r.sqe().addr, static_cast<std::uint32_t>(r.sqe().addr2));
}

/// How a connect that had begun has ended.
outcome ending(int fd) noexcept {
    long const error = socket_option(fd, SO_ERROR);
    return outcome::answer(error < 0 ? error : -error);
}

long connect(request const& r) noexcept {
    return call(SYS_connect, r.fd, r.sqe().addr, static_cast<int>(r.sqe().addr2));
}

outcome attempt(request& r, bool may_block) noexcept {
    if (r.in_progress && (seen_now(r.fd, 0) & POLLERR) != 0)
        return ending(r.fd);
    long done = 0;
    bool was_nonblocking = false;
    {
        nonblocking_moment const moment(r.fd);
        was_nonblocking = moment.was_nonblocking();
        done = connect(r);
    }
    switch (done) {
    case -EINPROGRESS: r.in_progress = true; return outcome::until(EPOLLOUT);
    case -EALREADY:
        if (r.in_progress) // woken too early
            return outcome::until(EPOLLOUT);
        break;
    case -ECONNABORTED: // the kernel, too, tries this once more
        if (r.note++ == 0)
            return outcome::until(EPOLLOUT);
        break;
    case -EAGAIN:
        // The listener of a unix socket has no room. No event tells of room, so a thread has to
        // sleep in connect(2), until a cancel gets it out of there.
        if (was_nonblocking || socket_option(r.fd, SO_DOMAIN) != AF_UNIX)
            break;
        return may_block ? outcome::answer(connect(r)) : outcome::blocking();
    case -EISCONN:
    case -EBADFD: // Bluetooth's word for it
        if (r.in_progress)
            return ending(r.fd);
        break;
    default: break;
    }
    return outcome::answer(done);
}

} // namespace

constinit operation const connect_operation{
    .check = check, .keep = keep, .attempt = attempt, .has_file = true};

} // namespace rondo::engine::emulation
