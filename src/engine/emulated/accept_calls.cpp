// SPDX-License-Identifier: MIT
// Accepting connections, once or as long as there are any.
#include "socket_operations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "socket_facts.hpp"

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/socket.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <poll.h>

namespace rondo::engine::emulation {
namespace {

constexpr auto known_flags =
    abi::accept_flag::multishot | abi::accept_flag::dontwait | abi::accept_flag::poll_first;

bool asks(abi::sqe const& entry, abi::accept_flag flag) noexcept {
    return (entry.ioprio & raw(flag)) != 0;
}

std::int32_t check(abi::sqe const& entry) noexcept {
    if (any_set(entry.len, entry.buf_index) || (entry.ioprio & ~raw(known_flags)) != 0)
        return -EINVAL;
    if (entry.file_index != 0) {
        if ((entry.accept_flags & SOCK_CLOEXEC) != 0)
            return -EINVAL;
        if (asks(entry, abi::accept_flag::multishot) && entry.file_index != abi::file_index_alloc)
            return -EINVAL;
    }
    constexpr std::uint32_t socket_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    return (entry.accept_flags & ~socket_flags) != 0 ? -EINVAL : 0;
}

/// The connection, or -EAGAIN.
long accept_now(request const& r) noexcept {
    abi::sqe const& entry = r.sqe();
    // Most attempts find nothing: then the listener is not touched. What does not listen never
    // becomes ready either, and is to be told why.
    if (seen_now(r.fd, POLLIN) == 0 && socket_option(r.fd, SO_ACCEPTCONN) == 1)
        return -EAGAIN;
    // Somebody else may take the connection first, and a blocking listener would then block.
    nonblocking_moment const moment(r.fd);
    std::uint32_t const flags = entry.accept_flags | (entry.file_index != 0 ? SOCK_CLOEXEC : 0);
    return call(SYS_accept4, r.fd, entry.addr, entry.addr2, flags);
}

/// True where the kernel says that a further connection is there.
bool has_another(int fd) noexcept {
    if ((seen_now(fd, POLLIN) & POLLIN) == 0)
        return false;
    long const domain = socket_option(fd, SO_DOMAIN);
    return domain == AF_INET || domain == AF_INET6;
}

// That the listener is non-blocking changes nothing, as with the kernel: it is `dontwait` that asks
// for -EAGAIN. A worker gives one answer only: a stream goes on elsewhere.
outcome attempt(request& r, bool on_worker) noexcept {
    abi::sqe const& entry = r.sqe();
    bool const waits = !asks(entry, abi::accept_flag::dontwait);
    bool const stream = asks(entry, abi::accept_flag::multishot);
    bool const first_waits = asks(entry, abi::accept_flag::poll_first) && !r.in_progress;
    long accepted = -EAGAIN;
    if (first_waits || (on_worker && stream && waits)) {
        if (long const type = socket_option(r.fd, SO_TYPE); type < 0)
            return outcome::answer(type);
    } else {
        accepted = accept_now(r);
    }
    if (accepted == -EAGAIN && waits) {
        r.in_progress = true;
        return outcome::until(EPOLLIN);
    }
    if (accepted < 0)
        return outcome::answer(accepted);
    outcome how = outcome::answer(accepted);
    if (has_another(r.fd))
        how.flags = raw(abi::cqe_flag::sock_nonempty);
    if (stream)
        how.what = outcome::kind::more;
    return how;
}

} // namespace

constinit operation const accept_operation{
    .check = check, .attempt = attempt, .has_file = true, .makes_file = true};

} // namespace rondo::engine::emulation
