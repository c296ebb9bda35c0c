// SPDX-License-Identifier: MIT
#include <rondo/interop/vectored_descriptor.hpp>

#include "plain_call.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/core/futex.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/op/message.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rondo {
namespace {

/// Takes `bytes` off the parts, and off those the empty ones.
void take_off(std::span<::iovec>& parts, std::size_t bytes) noexcept {
    while (!parts.empty() && parts.front().iov_len <= bytes) {
        bytes -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (bytes == 0)
        return;
    ::iovec& cut = parts.front();
    cut.iov_base = static_cast<std::byte*>(cut.iov_base) + bytes;
    cut.iov_len -= bytes;
}

bool has_passed(call_deadline const& until) noexcept {
    // What has ended answers for itself, as a call that was waiting does.
    std::int64_t const at = until.at();
    return at != call_deadline::never && at != call_deadline::ended && at <= steady_now();
}

bool is_non_blocking(int fd) noexcept {
    int const flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

} // namespace

result<vectored_descriptor> vectored_descriptor::examine(fd_ref fd,
                                                         vectored_options const& options) noexcept {
    RONDO_ASSERT(!fd.is_slot(), "vectored transfers take descriptors, not slots of a ring");
    vectored_descriptor out;
    out.on_ = options.on;
    out.until_ = options.until;
    out.within_ = options.within;
    out.at_ = options.at;
    out.fd_ = fd.value();
    struct ::stat about{};
    if (::fstat(out.fd_, &about) != 0)
        return fail(error::last(attempt::adopt));
    if (S_ISREG(about.st_mode)) {
        out.kind_ = kind::regular;
    } else if (S_ISSOCK(about.st_mode)) {
        int type = 0;
        ::socklen_t size = sizeof type;
        if (::getsockopt(out.fd_, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
            return fail(error::last(attempt::adopt));
        if (type != SOCK_STREAM)
            return fail(EPROTOTYPE, attempt::adopt);
        out.kind_ = kind::socket;
    }
    if (options.at == op::current_position)
        return out;
    int const flags = ::fcntl(out.fd_, F_GETFL);
    if (flags < 0 || ::lseek(out.fd_, 0, SEEK_CUR) < 0)
        return fail(error::last(attempt::adopt));
    if (options.at > static_cast<std::uint64_t>(INT64_MAX))
        return fail(EINVAL, attempt::adopt);
    out.appends_ = (flags & O_APPEND) != 0;
    return out;
}

/// Runs a transfer; where a non-blocking file is not ready, waits until it is.
template <class Op>
result<std::size_t> vectored_descriptor::run(Op const& o, std::uint32_t events,
                                             call_deadline* until) noexcept {
    shared_ring* on = on_;
    if (on == nullptr) {
        auto const found = default_ring();
        if (!found)
            return fail(found.error());
        on = *found;
    }
    for (;;) {
        if (until != nullptr && has_passed(*until))
            return fail(ETIME, op::attempt_of<Op>);
        auto const moved = until != nullptr ? on->run(o, *until) : on->run(o);
        // From a blocking file EAGAIN is the driver's own answer: waiting could turn into spinning.
        if (moved || moved.error() != EAGAIN || !is_non_blocking(fd_)) [[likely]]
            return moved;
        op::poll const readiness{.fd = fd_, .events = events};
        auto const ready = until != nullptr ? on->run(readiness, *until) : on->run(readiness);
        if (!ready)
            return fail(ready.error().code(), op::attempt_of<Op>, ready.error().why());
    }
}

result<std::size_t> vectored_descriptor::write_some(iovecs parts, call_deadline* until) noexcept {
    if (kind_ == kind::socket) {
        ::msghdr message{};
        message.msg_iov = const_cast<::iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        return run(op::sendmsg{.fd = fd_, .message = &message, .flags = MSG_NOSIGNAL}, POLLOUT,
                   until);
    }
    int const flags = appends_ ? no_append : 0;
    if (kind_ != kind::regular || until != nullptr)
        return run(op::write<iovecs>{.fd = fd_, .from = parts, .at = at_, .flags = flags}, POLLOUT,
                   until);
    auto const count = static_cast<int>(parts.size());
    return plainly(attempt::write, [&] {
        return ::pwritev2(fd_, parts.data(), count, static_cast<::off_t>(at_), flags);
    });
}

result<std::size_t> vectored_descriptor::read_some(iovecs parts, call_deadline* until) noexcept {
    if (kind_ != kind::regular || until != nullptr)
        return run(op::read<iovecs>{.fd = fd_, .into = parts, .at = at_}, POLLIN, until);
    auto const count = static_cast<int>(parts.size());
    return plainly(attempt::read, [&] {
        return ::preadv2(fd_, parts.data(), count, static_cast<::off_t>(at_), 0);
    });
}

template <class Transfer>
result<> vectored_descriptor::move_all(std::span<::iovec>& parts, std::size_t& done, bool reading,
                                       Transfer transfer) noexcept {
    call_deadline own;
    call_deadline* until = until_;
    if (until == nullptr && within_.which() != deadline::kind::never) {
        own.set(within_);
        until = &own;
    }
    for (take_off(parts, 0); !parts.empty();) {
        auto const moved =
            transfer(parts.first(std::min<std::size_t>(parts.size(), IOV_MAX)), until);
        if (!moved)
            return fail(moved.error());
        if (*moved == 0) // a device that takes nothing would be asked for ever
            return reading ? result<>() : fail(EIO, attempt::write);
        done += *moved;
        if (at_ != op::current_position)
            at_ += *moved;
        take_off(parts, *moved);
    }
    return {};
}

result<> vectored_descriptor::write(std::span<::iovec>& parts, std::size_t& done) noexcept {
    return move_all(parts, done, false,
                    [&](iovecs some, call_deadline* until) { return write_some(some, until); });
}

result<> vectored_descriptor::read(std::span<::iovec>& parts, std::size_t& done) noexcept {
    return move_all(parts, done, true,
                    [&](iovecs some, call_deadline* until) { return read_some(some, until); });
}

} // namespace rondo
