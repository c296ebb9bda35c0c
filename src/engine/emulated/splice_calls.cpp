// SPDX-License-Identifier: MIT
// Moving bytes through pipes. As in the kernel it is for workers only: they have no use for
// SIGPIPE, and a disk may be on the other side. A worker waits for no pipe, socket or terminal,
// though: it asks what is ready and answers `poll`.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "socket_facts.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint64_t current_position = ~std::uint64_t{0};
constexpr std::uint32_t splice_known = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE |
                                       SPLICE_F_GIFT | raw(abi::splice_flag::fd_in_fixed);
/// What a stream socket or terminal that is ready takes without waiting for its reader: one buffer
/// of a socket's, far below the room that it has when it shows EPOLLOUT.
constexpr std::uint64_t patient_bytes = 16 * 1024;
constexpr int most_tries = 16; // against others who take what was ready

std::int32_t check_splice(abi::sqe const& entry) noexcept {
    return (entry.splice_flags & ~splice_known) != 0 ? -EINVAL : 0;
}

std::int32_t check_tee(abi::sqe const& entry) noexcept {
    return any_set(entry.splice_off_in, entry.off) ? -EINVAL : check_splice(entry);
}

/// One side of a splice.
struct side {
    int fd = -1;
    long flags = 0; ///< O_, or -EBADF
    bool is_positioned = false;
    bool is_pipe = false;
    bool is_slow = false; ///< a blocking socket or terminal: a call may wait for its peer

    side(int number, bool positioned) noexcept : fd(number), is_positioned(positioned) {
        flags = call(SYS_fcntl, fd, F_GETFL);
        struct ::statx status{};
        if (flags < 0 || (flags & O_PATH) != 0 ||
            call(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0) {
            flags = -EBADF;
            return;
        }
        is_pipe = S_ISFIFO(status.stx_mode);
        is_slow = (S_ISSOCK(status.stx_mode) || S_ISCHR(status.stx_mode)) && !positioned &&
                  !is_nonblocking();
    }
    [[nodiscard]] bool is_open() const noexcept { return flags >= 0; }
    [[nodiscard]] bool is_nonblocking() const noexcept { return (flags & O_NONBLOCK) != 0; }
    [[nodiscard]] bool reads() const noexcept { return (flags & O_ACCMODE) != O_WRONLY; }
    [[nodiscard]] bool writes() const noexcept { return (flags & O_ACCMODE) != O_RDONLY; }
};

// The core waits for r.fd: while bytes are waited for, the two files have changed places, which
// in_progress says.
void change_places(request& r) noexcept {
    std::swap(r.fd, r.second);
    std::swap(r.slot, r.second_slot);
    std::swap(r.own, r.second_own);
    r.in_progress = !r.in_progress;
}

int input(request const& r) noexcept { return r.in_progress ? r.fd : r.second; }
int output(request const& r) noexcept { return r.in_progress ? r.second : r.fd; }

outcome until_input(request& r) noexcept {
    if (!r.in_progress)
        change_places(r);
    return outcome::until(EPOLLIN);
}

outcome until_output(request& r) noexcept {
    if (r.in_progress)
        change_places(r);
    return outcome::until(EPOLLOUT);
}

/// The end, after `res` of the last call: what was moved before counts more than an error.
outcome ended(request const& r, long res) noexcept {
    long const moved = static_cast<long>(r.progress) + (res > 0 ? res : 0);
    outcome how = outcome::answer(moved > 0 ? moved : res);
    how.broken = how.res != static_cast<std::int32_t>(r.sqe().len);
    return how;
}

/// After -EAGAIN: whom to wait for; `done` when nobody that could be waited for is in the way.
outcome until_pipe(request& r, side const& in, side const& out) noexcept {
    if (in.is_pipe && seen_now(in.fd, POLLIN) == 0)
        return until_input(r);
    if (out.is_pipe && seen_now(out.fd, POLLOUT) == 0)
        return until_output(r);
    return ended(r, -EAGAIN);
}

long splice_some(request const& r, side const& in, side const& out, std::uint64_t bytes) noexcept {
    abi::sqe const& entry = r.sqe();
    auto from_at = static_cast<std::int64_t>(entry.splice_off_in);
    auto to_at = static_cast<std::int64_t>(entry.off);
    std::uint32_t const flags = entry.splice_flags & ~raw(abi::splice_flag::fd_in_fixed);
    return call(SYS_splice, in.fd, entry.splice_off_in != current_position ? &from_at : nullptr,
                out.fd, entry.off != current_position ? &to_at : nullptr, bytes,
                flags | SPLICE_F_NONBLOCK);
}

/// From a blocking socket or terminal into a pipe.
outcome from_slow(request& r, side const& in, side const& out, bool patient) noexcept {
    bool const asked_not_to = (r.sqe().splice_flags & SPLICE_F_NONBLOCK) != 0;
    for (int tries = 0; tries < most_tries; ++tries) {
        if (seen_now(out.fd, POLLOUT) == 0)
            return patient ? until_output(r) : ended(r, -EAGAIN);
        // Of all sockets only unix ones care about that flag.
        bool const waits = !(asked_not_to && socket_option(in.fd, SO_DOMAIN) == AF_UNIX);
        if (seen_now(in.fd, POLLIN) == 0)
            return waits ? until_input(r) : ended(r, -EAGAIN);
        long const moved = splice_some(r, in, out, r.sqe().len);
        if (moved != -EAGAIN)
            return ended(r, moved);
    }
    return until_input(r);
}

/// From a pipe into a blocking socket or terminal: until the pipe is empty, as the kernel does.
outcome to_slow(request& r, side const& in, side const& out, bool patient) noexcept {
    std::uint64_t const most = socket_option(out.fd, SO_TYPE) == SOCK_DGRAM ||
                                       socket_option(out.fd, SO_TYPE) == SOCK_SEQPACKET
                                   ? r.sqe().len // a part would be a message of its own
                                   : patient_bytes;
    for (int tries = 0; tries < most_tries;) {
        std::uint64_t const left = r.sqe().len - r.progress;
        if (seen_now(in.fd, POLLIN) == 0) {
            if (r.progress != 0 || !patient)
                return ended(r, -EAGAIN);
            return until_input(r);
        }
        if (seen_now(out.fd, POLLOUT) == 0)
            return until_output(r);
        long const moved = splice_some(r, in, out, std::min(left, most));
        if (moved == -EAGAIN) {
            ++tries;
            continue;
        }
        if (moved <= 0 || static_cast<std::uint64_t>(moved) == left)
            return ended(r, moved);
        r.progress += static_cast<std::uint64_t>(moved);
    }
    return until_output(r);
}

outcome do_splice(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    side const in(input(r), entry.splice_off_in != current_position);
    side const out(output(r), entry.off != current_position);
    if (!in.is_open() || !out.is_open())
        return outcome::answer(-EBADF);
    if (entry.len == 0)
        return outcome::answer(0);
    bool const hopeless = (!in.is_pipe && !out.is_pipe) || !in.reads() || !out.writes() ||
                          (in.is_pipe && in.is_positioned) || (out.is_pipe && out.is_positioned);
    if (hopeless) // and the kernel says why
        return ended(r, splice_some(r, in, out, entry.len));
    bool const patient = (entry.splice_flags & SPLICE_F_NONBLOCK) == 0 &&
                         !(in.is_pipe && in.is_nonblocking()) &&
                         !(out.is_pipe && out.is_nonblocking());
    if (in.is_slow)
        return from_slow(r, in, out, patient);
    if (out.is_slow)
        return to_slow(r, in, out, patient);
    for (int tries = 0;; ++tries) {
        long const moved = splice_some(r, in, out, entry.len);
        if (moved != -EAGAIN || !patient)
            return ended(r, moved);
        outcome const how = until_pipe(r, in, out);
        bool const both = in.is_pipe && out.is_pipe; // then it is never the other side's -EAGAIN
        if (how.what == outcome::kind::poll || !both)
            return how;
        if (tries == most_tries)
            return until_input(r);
    }
}

outcome do_tee(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    side const in(input(r), false), out(output(r), false);
    if (!in.is_open() || !out.is_open())
        return outcome::answer(-EBADF);
    if (entry.len == 0)
        return outcome::answer(0);
    std::uint32_t const flags = entry.splice_flags & ~raw(abi::splice_flag::fd_in_fixed);
    bool const patient =
        (flags & SPLICE_F_NONBLOCK) == 0 && !in.is_nonblocking() && !out.is_nonblocking();
    for (int tries = 0;; ++tries) {
        long const seen = call(SYS_tee, in.fd, out.fd, entry.len, flags | SPLICE_F_NONBLOCK);
        if (seen != -EAGAIN || !patient)
            return ended(r, seen);
        outcome const how = until_pipe(r, in, out);
        if (how.what == outcome::kind::poll)
            return how;
        if (tries == most_tries)
            return until_input(r);
    }
}

constexpr operation splice{.check = check_splice, .attempt = do_splice, .has_file = true};
constexpr operation tee{.check = check_tee, .attempt = do_tee, .has_file = true};

} // namespace

operation const* find_splice(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::splice: return &splice;
    case abi::opcode::tee: return &tee;
    default: return find_pipe(code);
    }
}

} // namespace rondo::engine::emulation
