// SPDX-License-Identifier: MIT
// The commands that sockets take by uring_cmd. No other file takes one here.
#include "socket_operations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "socket_facts.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/socket.hpp>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <cerrno>

namespace rondo::engine::emulation {
namespace {

std::int32_t check(abi::sqe const& entry) noexcept {
    bool const known = (entry.uring_cmd_flags & ~raw(abi::uring_cmd_flag::mask)) == 0;
    return entry.pad1 != 0 || !known ? -EINVAL : 0;
}

/// Unix sockets know these only by ioctl(2), not as commands.
long queued_bytes(int fd, unsigned long which) noexcept {
    long const domain = socket_option(fd, SO_DOMAIN);
    if (domain != AF_INET && domain != AF_INET6)
        return -EOPNOTSUPP;
    int bytes = 0;
    long const done = call(SYS_ioctl, fd, which, &bytes);
    return done < 0 ? done : bytes;
}

long get_option(int fd, abi::sqe const& entry) noexcept {
    if (entry.level != SOL_SOCKET)
        return -EOPNOTSUPP;
    int size = static_cast<int>(entry.optlen);
    long const done = call(SYS_getsockopt, fd, SOL_SOCKET, entry.optname, entry.optval, &size);
    return done < 0 ? done : size;
}

long get_name(int fd, abi::sqe const& entry) noexcept {
    if (any_set(entry.len, entry.rw_flags) || entry.optlen > 1)
        return -EINVAL;
    long const number = entry.optlen == 1 ? SYS_getpeername : SYS_getsockname;
    return call(number, fd, entry.addr, entry.addr3);
}

long run(int fd, abi::sqe const& entry) noexcept {
    using enum abi::socket_command;
    if (long const type = socket_option(fd, SO_TYPE); type < 0)
        return type == -EBADF ? type : -EOPNOTSUPP;
    switch (static_cast<abi::socket_command>(entry.cmd_op)) {
    case siocinq: return queued_bytes(fd, SIOCINQ);
    case siocoutq: return queued_bytes(fd, SIOCOUTQ);
    case getsockopt: return get_option(fd, entry);
    case setsockopt:
        return call(SYS_setsockopt, fd, entry.level, entry.optname, entry.optval, entry.optlen);
    case getsockname: return get_name(fd, entry);
    default: return -EOPNOTSUPP;
    }
}

outcome attempt(request& r, bool) noexcept { return outcome::answer(run(r.fd, r.sqe())); }

} // namespace

constinit operation const socket_command_operation{
    .check = check, .attempt = attempt, .has_file = true};

} // namespace rondo::engine::emulation
