// SPDX-License-Identifier: MIT
#include "plain_io.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace rondo::tools {
namespace {

/// Returns at POLLERR and POLLHUP too.
void wait_until_ready(int fd, short events) noexcept {
    ::pollfd p{fd, events, 0};
    while (::poll(&p, 1, -1) < 0 && error::last(attempt::wait) == EINTR) {
    }
}

} // namespace

result<std::size_t> read_some(int fd, mutable_bytes into) noexcept {
    for (;;) {
        ::ssize_t const n = ::read(fd, into.data(), into.size());
        if (n >= 0)
            return static_cast<std::size_t>(n);
        error const failure = error::last(attempt::read);
        if (failure == EAGAIN)
            wait_until_ready(fd, POLLIN);
        else if (failure != EINTR)
            return fail(failure);
    }
}

result<> write_all(int fd, const_bytes from) noexcept {
    auto const* data = static_cast<char const*>(from.data());
    for (std::size_t left = from.size(); left != 0;) {
        ::ssize_t const n = ::write(fd, data, left);
        if (n >= 0) {
            data += n;
            left -= static_cast<std::size_t>(n);
            continue;
        }
        error const failure = error::last(attempt::write);
        if (failure == EAGAIN)
            wait_until_ready(fd, POLLOUT);
        else if (failure != EINTR)
            return fail(failure);
    }
    return {};
}

} // namespace rondo::tools
