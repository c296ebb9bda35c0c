// SPDX-License-Identifier: MIT
#include "closing.hpp"

#include "calls.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace rondo::engine::emulation {
namespace {

bool lingers(int fd) noexcept {
    ::linger how{};
    ::socklen_t size = sizeof how;
    long const known = call(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &how, &size);
    return known < 0 || (how.l_onoff != 0 && how.l_linger != 0);
}

} // namespace

bool may_wait_to_close(int fd) noexcept {
    struct ::statx about{};
    // Without asking a server.
    long const known = call(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                            STATX_TYPE | STATX_NLINK, &about);
    if (known < 0)
        return known != -EBADF;
    bool const on_a_device = about.stx_dev_major != 0; // a network's file systems have no device
    switch (about.stx_mode & S_IFMT) {
    case 0: // eventfd, epoll, timerfd, ...
    case S_IFIFO: return false;
    case S_IFSOCK: return lingers(fd);
    case S_IFDIR: return !on_a_device || about.stx_nlink == 0;
    case S_IFREG: {
        // What was written may be due now, and a file without a name goes with its last descriptor.
        long const flags = call(SYS_fcntl, fd, F_GETFL);
        return !on_a_device || about.stx_nlink == 0 || (flags & O_ACCMODE) != O_RDONLY;
    }
    default: return true;
    }
}

} // namespace rondo::engine::emulation
