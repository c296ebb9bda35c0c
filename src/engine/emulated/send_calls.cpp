// SPDX-License-Identifier: MIT
// Sending. A socket that takes nothing is waited for; only one that says it would take something
// and does not is left to a thread that blocks.
#include "socket_operations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "message_parts.hpp"
#include "socket_facts.hpp"
#include "user_memory.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace rondo::engine::emulation {
namespace {

using enum abi::recvsend_flag;

constexpr auto known_flags = poll_first | bundle | send_vectorized;
constexpr auto known_zc_flags = poll_first | fixed_buf | send_zc_report_usage | send_vectorized;

bool is_vectorized(abi::sqe const& entry) noexcept {
    return asks(entry, send_vectorized) && !asks(entry, fixed_buf);
}

bool is_bundle(request const& r) noexcept {
    return asks(r.sqe(), bundle) && r.has(abi::sqe_flag::buffer_select);
}

std::int32_t check_send(abi::sqe const& entry) noexcept {
    if ((entry.ioprio & ~raw(known_flags)) != 0 || entry.pad3 != 0)
        return -EINVAL;
    if (entry.addr2 != 0)
        if (std::int32_t const name = check_address(entry.addr2, entry.addr_len); name != 0)
            return name;
    if (!is_vectorized(entry) || (entry.flags & raw(abi::sqe_flag::buffer_select)) != 0)
        return 0;
    if (entry.len > IOV_MAX)
        return -EINVAL;
    return is_readable(entry.addr, std::size_t{entry.len} * sizeof(::iovec)) ? 0 : -EFAULT;
}

std::int32_t check_sendmsg(abi::sqe const& entry) noexcept {
    constexpr auto mine = known_flags & ~bundle;
    if ((entry.ioprio & ~raw(mine)) != 0 || any_set(entry.addr2, entry.file_index))
        return -EINVAL;
    return check_header(entry.addr);
}

std::int32_t check_zc(abi::sqe const& entry) noexcept {
    bool const skips = (entry.flags & raw(abi::sqe_flag::cqe_skip_success)) != 0;
    return skips || any_set(entry.addr3, entry.pad2) || (entry.ioprio & ~raw(known_zc_flags)) != 0
               ? -EINVAL
               : 0;
}

std::int32_t check_send_zc(abi::sqe const& entry) noexcept {
    if (std::int32_t const own = check_zc(entry); own != 0)
        return own;
    abi::sqe plain = entry;
    plain.ioprio = is_vectorized(entry) ? raw(send_vectorized) : std::uint16_t{};
    return check_send(plain);
}

std::int32_t check_sendmsg_zc(abi::sqe const& entry) noexcept {
    if (std::int32_t const own = check_zc(entry); own != 0)
        return own;
    return any_set(entry.addr2, entry.file_index) ? -EINVAL : check_header(entry.addr);
}

bool keep_send(request& r) noexcept {
    abi::sqe& entry = r.sqe();
    if (entry.addr2 != 0 && !keep_bytes(r, entry.addr2, entry.addr_len))
        return false;
    return !is_vectorized(entry) || r.has(abi::sqe_flag::buffer_select) || keep_vector(r);
}

bool keep_message(request& r) noexcept { return keep_header(r, true); }

/// One attempt's system call.
struct sending {
    ::msghdr header{};
    memory_parts parts;
    std::size_t bytes = 0; ///< what it shall send
    bool whole = false;    ///< fewer is a failure

    long run(request const& r, bool blocking) noexcept {
        constexpr std::uint32_t compat_flag = 1u << 31; // refused of others than 32-bit programs
        std::uint32_t flags = (r.sqe().msg_flags & ~compat_flag) | MSG_NOSIGNAL;
        if (!blocking)
            flags |= MSG_DONTWAIT;
        // Our notification is not the socket's.
        if (r.what == &send_zc_operation || r.what == &sendmsg_zc_operation)
            flags &= ~std::uint32_t{MSG_ZEROCOPY};
        if (header.msg_iovlen > 1 || header.msg_controllen != 0)
            return call(SYS_sendmsg, r.fd, &header, flags);
        // Unlike sendmsg it looks at a name of no bytes, as the ring's send does.
        ::iovec const one = header.msg_iovlen != 0 ? *header.msg_iov : ::iovec{};
        return call(SYS_sendto, r.fd, one.iov_base, one.iov_len, flags, header.msg_name,
                    header.msg_namelen);
    }
};

/// The buffers of a send and where it goes. False: no memory.
bool prepare_send(request& r, sending& s) noexcept {
    abi::sqe const& entry = r.sqe();
    ::iovec const plain{pointer_to<void>(entry.addr), entry.len};
    std::span<::iovec const> memory(&plain, 1);
    std::size_t most = most_bytes;
    if (r.has(abi::sqe_flag::buffer_select)) {
        memory = r.chosen;
        // What was chosen from a list goes out whole, whatever length was asked for.
        most = entry.len != 0 && r.chosen_list_bytes == 0 ? entry.len : most_bytes;
    } else if (is_vectorized(entry)) {
        memory = {pointer_to<::iovec const>(entry.addr), entry.len};
    }
    most -= std::min<std::uint64_t>(most, r.progress);
    s.whole = asks_for_all(entry) || is_bundle(r);
    if (!s.parts.assign(memory, r.progress, most))
        return false;
    put_into(s.header, s.parts);
    s.header.msg_name = pointer_to<void>(entry.addr2);
    s.header.msg_namelen = entry.addr2 != 0 ? entry.addr_len : 0;
    s.bytes = s.parts.bytes();
    return true;
}

/// The same of a message. Its control data go with the first bytes only.
bool prepare_message(request& r, sending& s) noexcept {
    s.header = header_of(r.sqe());
    if (s.header.msg_namelen == 0)
        s.header.msg_name = nullptr;
    s.whole = asks_for_all(r.sqe());
    if (r.progress != 0) {
        s.header.msg_control = nullptr;
        s.header.msg_controllen = 0;
    }
    if (!s.parts.assign(memory_of(header_of(r.sqe())), r.progress, most_bytes - r.progress))
        return false;
    put_into(s.header, s.parts);
    s.bytes = s.parts.bytes();
    return true;
}

/// What -EAGAIN means. Room is waited for; but to a unix socket that is full, datagrams are refused
/// while epoll says that they can be sent: waiting so would never sleep.
outcome wait_for_room(request& r, sending& s, bool may_block, long& sent) noexcept {
    if ((seen_now(r.fd, POLLOUT) & POLLOUT) != 0) {
        sent = s.run(r, false);
        if (sent != -EAGAIN)
            return {};
        if ((seen_now(r.fd, POLLOUT) & POLLOUT) != 0) {
            if (!may_block)
                return outcome::blocking();
            sent = s.run(r, true);
            if (sent != -EAGAIN)
                return {};
            // Blocking is not for this socket, by its owner's will.
            constexpr long pause[2] = {0, 2'000'000}; // 2 ms
            call(SYS_nanosleep, pause, nullptr);
        }
    }
    return wait_for(r, EPOLLOUT);
}

/// A bundle was sent: the next one follows while the group has more and nothing had to wait.
bool goes_on(request const& r, outcome const& how) noexcept {
    return is_bundle(r) && how.res > 0 && !how.broken && !r.chosen_all && !r.in_progress;
}

outcome settle(request& r, sending& s, bool may_block, long sent) noexcept {
    bool const waits = may_wait(r.sqe());
    if (sent == -EAGAIN && waits) {
        outcome const how = wait_for_room(r, s, may_block, sent);
        if (how.what != outcome::kind::done)
            return how;
    }
    if (sent > 0 && s.whole && static_cast<std::size_t>(sent) < s.bytes &&
        transfers_in_parts(r.fd) && waits) {
        r.progress += static_cast<std::size_t>(sent);
        return wait_for(r, EPOLLOUT);
    }
    outcome how;
    how.broken = sent < 0 || (s.whole && static_cast<std::size_t>(sent) < s.bytes);
    auto const before = static_cast<long>(r.progress);
    how.res = static_cast<std::int32_t>(sent >= 0 ? sent + before : before != 0 ? before : sent);
    if (!may_block && goes_on(r, how)) {
        how.what = outcome::kind::more;
        r.progress = 0;
    }
    return how;
}

using preparation = bool (*)(request& r, sending& s) noexcept;

template <preparation prepare>
outcome attempt(request& r, bool may_block) noexcept {
    if (std::optional<outcome> const first = first_wait(r, EPOLLOUT, may_block))
        return *first;
    if (r.has(abi::sqe_flag::buffer_select) && r.chosen.empty())
        return outcome::answer(-ENOBUFS);
    sending s;
    if (!prepare(r, s))
        return outcome::answer(-ENOMEM);
    return settle(r, s, may_block, s.run(r, false));
}

/// A zero-copy send that copies.
template <preparation prepare>
outcome attempt_zc(request& r, bool may_block) noexcept {
    outcome how;
    if (long const type = socket_option(r.fd, SO_TYPE); type < 0)
        how = outcome::answer(type);
    else if (!sends_without_copy(r.fd))
        how = outcome::answer(-EOPNOTSUPP);
    else
        how = attempt<prepare>(r, may_block);
    how.notify = how.what == outcome::kind::done;
    if (asks(r.sqe(), send_zc_report_usage))
        how.notice = static_cast<std::int32_t>(abi::notif_usage_zc_copied);
    return how;
}

} // namespace

constinit operation const send_operation{.check = check_send,
                                         .keep = keep_send,
                                         .attempt = attempt<prepare_send>,
                                         .has_file = true,
                                         .chooses = true,
                                         .direct = true};
constinit operation const send_zc_operation{.check = check_send_zc,
                                            .keep = keep_send,
                                            .attempt = attempt_zc<prepare_send>,
                                            .has_file = true};
constinit operation const sendmsg_operation{.check = check_sendmsg,
                                            .keep = keep_message,
                                            .attempt = attempt<prepare_message>,
                                            .has_file = true};
constinit operation const sendmsg_zc_operation{.check = check_sendmsg_zc,
                                               .keep = keep_message,
                                               .attempt = attempt_zc<prepare_message>,
                                               .has_file = true};

} // namespace rondo::engine::emulation
