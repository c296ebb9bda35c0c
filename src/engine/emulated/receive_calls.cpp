// SPDX-License-Identifier: MIT
// Receiving, once or as long as something comes, into the caller's memory or provided buffers.
#include "socket_operations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "message_parts.hpp"
#include "socket_facts.hpp"

#include <rondo/abi/cqe.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rondo::engine::emulation {
namespace {

using enum abi::recvsend_flag;

constexpr auto known_flags = poll_first | recv_multishot | bundle;

bool selects(abi::sqe const& entry) noexcept {
    return (entry.flags & raw(abi::sqe_flag::buffer_select)) != 0;
}

bool is_bundle(abi::sqe const& entry) noexcept { return asks(entry, bundle) && selects(entry); }

/// What both have in common.
std::int32_t check_any(abi::sqe const& entry) noexcept {
    if (entry.addr2 != 0 || (entry.ioprio & ~raw(known_flags)) != 0)
        return -EINVAL;
    if (!asks(entry, recv_multishot))
        return entry.optlen != 0 ? -EINVAL : 0;
    return !selects(entry) || asks_for_all(entry) ? -EINVAL : 0;
}

std::int32_t check_recv(abi::sqe const& entry) noexcept { return check_any(entry); }

std::int32_t check_recvmsg(abi::sqe const& entry) noexcept {
    if (std::int32_t const common = check_any(entry); common != 0)
        return common;
    if (asks(entry, bundle) || entry.optlen != 0)
        return -EINVAL;
    if (std::int32_t const bad = check_header(entry.addr); bad != 0)
        return bad;
    ::msghdr const& header = header_of(entry);
    if (selects(entry) && header.msg_iovlen > 1)
        return -EINVAL;
    if (!asks(entry, recv_multishot))
        return 0;
    std::size_t const reserved =
        sizeof(abi::recvmsg_out) + std::size_t{header.msg_namelen} + header.msg_controllen;
    constexpr std::size_t most = 0x7fff'ffff;
    return header.msg_namelen > most || header.msg_controllen > most || reserved > most ? -EOVERFLOW
                                                                                        : 0;
}

bool keep_message(request& r) noexcept { return keep_header(r, false); }

/// What there is to wait for.
std::uint32_t events_of(abi::sqe const& entry) noexcept {
    if ((entry.msg_flags & MSG_ERRQUEUE) != 0)
        return EPOLLERR;
    // For those who want it, and for is_empty_now: pending urgent data would wake others in vain.
    bool const knows = (entry.msg_flags & MSG_OOB) != 0 || asks(entry, recv_multishot);
    std::uint32_t const urgent = knows ? EPOLLPRI : 0u;
    return EPOLLIN | EPOLLRDHUP | urgent;
}

/// The calls refuse MSG_CMSG_COMPAT of others than 32-bit programs.
constexpr std::uint32_t compat_flag = 1u << 31;

std::uint32_t call_flags(abi::sqe const& entry) noexcept {
    return (entry.msg_flags & ~compat_flag) | MSG_DONTWAIT;
}

/// How one system call went.
struct receipt {
    long received = 0;
    std::size_t room = 0;    ///< bytes that it could have filled
    std::uint32_t flags = 0; ///< MSG_TRUNC, MSG_CTRUNC
    bool whole = false;      ///< fewer is a failure, and tried again
};

/// Asked of the socket once.
inflow inflow_into(request& r) noexcept {
    if (r.note == 0)
        r.note = static_cast<std::uint32_t>(inflow_of(r.fd));
    return static_cast<inflow>(r.note);
}

/// What the kernel says of sockets that have more. Nothing is asked when the room that is left over
/// says that there is nothing, except that the end may have come: epoll has told if it has.
bool tells_of_more(request& r, receipt const& now) noexcept {
    if (now.received < 0)
        return false;
    bool const spare = static_cast<std::size_t>(now.received) < now.room;
    bool const ended = now.received == 0 || (r.seen_events & EPOLLRDHUP) != 0;
    if (spare && !ended && (r.sqe().msg_flags & MSG_PEEK) == 0)
        return false;
    if ((seen_now(r.fd, POLLIN) & POLLIN) == 0) // the cheapest question, and mostly the last
        return false;
    inflow const kind = inflow_into(r);
    return kind == inflow::tcp || (kind == inflow::unix_bytes && has_bytes(r.fd));
}

/// True if a bundle has used up its group: with a length asked for, the kernel takes all buffers
/// for it at once; else one by one.
bool has_emptied(request const& r, long bytes) noexcept {
    if (!r.chosen_all || r.sqe().len != 0)
        return r.chosen_all;
    std::span<::iovec const> const chosen = r.chosen;
    return static_cast<std::size_t>(bytes) > bytes_of(chosen.first(chosen.size() - 1));
}

/// True if an answer with `bytes` bytes is one of many.
bool goes_on(request& r, long bytes) noexcept {
    abi::sqe& entry = r.sqe();
    if (entry.optlen != 0 && bytes > 0) { // what may come at most in all, counted down
        entry.optlen -= static_cast<std::uint32_t>(std::min<long>(bytes, entry.optlen));
        // The kernel (6.18) compares as int: what would be negative is reached at once.
        if (entry.optlen == 0 || entry.optlen > INT32_MAX)
            return false;
    }
    return !is_bundle(entry) || !has_emptied(r, bytes);
}

/// True if a short count says that a stream is empty: what comes from now on is an edge, and epoll
/// tells of it. When epoll has seen anything but bytes, they do not end where the count did: behind
/// them are the end, an error or, behind urgent ones, more. Of a unix socket a descriptor that was
/// sent along ends the count as well, so it is asked.
bool is_empty_now(request& r, receipt const& now) noexcept {
    if (!r.armed || static_cast<std::size_t>(now.received) >= now.room ||
        (r.seen_events & ~std::uint32_t{EPOLLIN}) != 0 ||
        (r.sqe().msg_flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) != 0)
        return false;
    inflow const kind = inflow_into(r);
    return kind == inflow::tcp || (kind == inflow::unix_bytes && !has_bytes(r.fd));
}

/// A socket of datagrams that was shut says so only to those who wait in the call.
bool ends_if_waited_for(request const& r, long received) noexcept {
    return received == -EAGAIN && (r.seen_events & EPOLLRDHUP) != 0 && may_wait(r.sqe()) &&
           socket_option(r.fd, SO_TYPE) == SOCK_DGRAM;
}

outcome settle(request& r, receipt const& now) noexcept {
    abi::sqe const& entry = r.sqe();
    bool const waits = may_wait(entry);
    if (now.received == -EAGAIN && waits)
        return wait_for(r, events_of(entry));
    bool const is_short = now.received < 0 || static_cast<std::size_t>(now.received) < now.room;
    if (now.received > 0 && now.whole && is_short && waits && transfers_in_parts(r.fd)) {
        r.progress += static_cast<std::size_t>(now.received);
        // When epoll told of it the end may be there as well, and will not be told of again.
        return r.armed ? outcome::until(0) : wait_for(r, events_of(entry));
    }
    auto const before = static_cast<long>(r.progress);
    outcome how;
    how.broken = now.received < 0 || (now.whole && is_short) ||
                 (asks_for_all(entry) && (now.flags & (MSG_TRUNC | MSG_CTRUNC)) != 0);
    how.res = static_cast<std::int32_t>(now.received > 0 ? now.received + before
                                        : before != 0    ? before
                                                         : now.received);
    if (tells_of_more(r, now))
        how.flags = raw(abi::cqe_flag::sock_nonempty);
    if (asks(entry, recv_multishot) && now.received > 0 && goes_on(r, now.received)) {
        how.what = outcome::kind::more;
        if (is_empty_now(r, now))
            how.events = events_of(entry);
    }
    return how;
}

/// Where recv puts its bytes. False: no memory.
bool prepare(request& r, memory_parts& parts) noexcept {
    abi::sqe const& entry = r.sqe();
    if (!selects(entry)) {
        ::iovec const plain{pointer_to<void>(entry.addr), entry.len};
        return parts.assign({&plain, 1}, r.progress, most_bytes);
    }
    std::span<::iovec const> chosen = r.chosen;
    std::size_t most = entry.len != 0 ? entry.len : most_bytes;
    if (asks(entry, bundle)) {
        if (entry.optlen != 0)
            most = std::min<std::size_t>(most, entry.optlen);
        // A datagram goes into one buffer, unless a length was asked for.
        if (entry.len == 0 && chosen.size() > 1 && socket_option(r.fd, SO_TYPE) != SOCK_STREAM)
            chosen = chosen.first(1);
    }
    most -= std::min<std::uint64_t>(most, r.progress);
    return parts.assign(chosen, r.progress, most);
}

outcome attempt_recv(request& r, bool on_worker) noexcept {
    abi::sqe const& entry = r.sqe();
    if (std::optional<outcome> const first = first_wait(r, events_of(entry), on_worker))
        return *first;
    if (selects(entry) && r.chosen.empty())
        return outcome::answer(-ENOBUFS);
    memory_parts parts;
    if (!prepare(r, parts))
        return outcome::answer(-ENOMEM);
    receipt now{.room = parts.bytes(), .whole = asks_for_all(entry)};
    if (parts.list().size() == 1 && !now.whole) {
        ::iovec const& only = parts.list().front();
        now.received = call(SYS_recvfrom, r.fd, only.iov_base, only.iov_len, call_flags(entry),
                            nullptr, nullptr);
    } else {
        ::msghdr header{};
        put_into(header, parts);
        now.received = call(SYS_recvmsg, r.fd, &header, call_flags(entry));
        now.flags = static_cast<std::uint32_t>(header.msg_flags);
    }
    if (ends_if_waited_for(r, now.received))
        now.received = 0;
    return settle(r, now);
}

/// The caller's header, which the answers go to, when `entry` may have a copy of it.
::msghdr& original_of(abi::sqe const& entry) noexcept {
    return *pointer_to<::msghdr>(entry.addr2 != 0 ? entry.addr2 : entry.addr);
}

outcome receive_message(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    ::msghdr const& like = header_of(entry);
    std::span<::iovec const> const own = memory_of(like);
    std::size_t most = most_bytes;
    if (selects(entry) && !own.empty() && own.front().iov_len != 0)
        most = std::min(most, own.front().iov_len);
    most -= std::min<std::uint64_t>(most, r.progress);
    memory_parts parts;
    if (!parts.assign(selects(entry) ? std::span<::iovec const>(r.chosen) : own, r.progress, most))
        return outcome::answer(-ENOMEM);
    ::msghdr header = like;
    put_into(header, parts);
    receipt now{.room = parts.bytes(), .whole = asks_for_all(entry) && header.msg_controllen == 0};
    now.received = call(SYS_recvmsg, r.fd, &header, call_flags(entry));
    if (ends_if_waited_for(r, now.received)) {
        now.received = 0;
        header.msg_namelen = 0;
        header.msg_controllen = 0;
        header.msg_flags = 0;
    }
    if (now.received >= 0) {
        now.flags = static_cast<std::uint32_t>(header.msg_flags);
        ::msghdr& original = original_of(entry);
        original.msg_namelen = header.msg_namelen;
        original.msg_controllen = header.msg_controllen;
        original.msg_flags = header.msg_flags;
    }
    return settle(r, now);
}

/// One message of many: abi::recvmsg_out, the name, the control data and the payload, one after the
/// other in the buffer. Name and control data take the room that the header reserves for them.
outcome receive_one_of_many(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    ::msghdr const& like = header_of(entry);
    std::span<::iovec const> const own = memory_of(like);
    std::size_t size = r.chosen.front().iov_len;
    if (!r.answered && !own.empty() && own.front().iov_len != 0)
        size = std::min(size, own.front().iov_len);
    std::size_t const reserved = like.msg_namelen + like.msg_controllen;
    if (size < sizeof(abi::recvmsg_out) + reserved) {
        bool const knows = r.answered && socket_option(r.fd, SO_TYPE) == SOCK_STREAM;
        bool const nothing = knows && seen_now(r.fd, POLLIN) == 0;
        return nothing ? wait_for(r, events_of(entry)) : outcome::answer(-EFAULT);
    }
    auto* const buffer = static_cast<std::byte*>(r.chosen.front().iov_base);
    std::byte* const name_at = buffer + sizeof(abi::recvmsg_out);
    ::iovec payload{name_at + reserved, size - sizeof(abi::recvmsg_out) - reserved};
    ::sockaddr_storage name;
    ::msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    if (like.msg_namelen != 0) {
        header.msg_name = &name;
        header.msg_namelen = sizeof name;
    }
    if (like.msg_controllen != 0) {
        header.msg_control = name_at + like.msg_namelen;
        header.msg_controllen = like.msg_controllen;
    }
    receipt now{.room = payload.iov_len};
    now.received = call(SYS_recvmsg, r.fd, &header, call_flags(entry));
    outcome how = settle(r, now);
    if (now.received < 0)
        return how;
    abi::recvmsg_out const out{.namelen = header.msg_namelen,
                               .controllen = static_cast<std::uint32_t>(header.msg_controllen),
                               .payloadlen = static_cast<std::uint32_t>(now.received),
                               .flags = static_cast<std::uint32_t>(header.msg_flags)};
    std::memcpy(buffer, &out, sizeof out);
    std::memcpy(name_at, &name, std::min(like.msg_namelen, header.msg_namelen));
    // With MSG_TRUNC the payload may be told to be longer than what there is of it.
    std::size_t const kept = std::min(static_cast<std::size_t>(now.received), payload.iov_len);
    how.res = static_cast<std::int32_t>(sizeof out + reserved + kept);
    return how;
}

outcome attempt_recvmsg(request& r, bool on_worker) noexcept {
    abi::sqe const& entry = r.sqe();
    if (std::optional<outcome> const first = first_wait(r, events_of(entry), on_worker))
        return *first;
    if (selects(entry) && r.chosen.empty())
        return outcome::answer(-ENOBUFS);
    return asks(entry, recv_multishot) ? receive_one_of_many(r) : receive_message(r);
}

} // namespace

constinit operation const recv_operation{.check = check_recv,
                                         .attempt = attempt_recv,
                                         .has_file = true,
                                         .chooses = true,
                                         .direct = true};
constinit operation const recvmsg_operation{.check = check_recvmsg,
                                            .keep = keep_message,
                                            .attempt = attempt_recvmsg,
                                            .has_file = true,
                                            .chooses = true};

} // namespace rondo::engine::emulation
