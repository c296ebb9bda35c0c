// SPDX-License-Identifier: MIT
#pragma once

// Readiness: waiting until a file can be read or written, changing such a wait, and epoll through
// the ring. Event masks are POLLIN and its like, or EPOLLIN and its like, which are the same bits.
// Value types; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>

#include <sys/epoll.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo::op {

/// An event mask as sqe.poll32_events has it: on big-endian machines its halves change places, so
/// that kernels before 5.9, which read 16 bits there, find the low ones.
[[nodiscard]] constexpr std::uint32_t poll_word(std::uint32_t events) noexcept {
    return std::endian::native == std::endian::big ? std::rotl(events, 16) : events;
}

/// poll(2), once. Linux 5.1; bits above the 16th, as EPOLLEXCLUSIVE and EPOLLRDHUP, 5.9. Value: the
/// events that are there, POLLERR and POLLHUP even if not asked for.
struct poll {
    using value_type = std::uint32_t;
    static constexpr abi::opcode code = abi::opcode::poll_add;
    static constexpr about facts{"poll", "poll(2)", "5.1", "events"};

    fd_ref fd;
    std::uint32_t events; ///< POLLIN, POLLOUT, EPOLLEXCLUSIVE, ...

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.poll32_events = poll_word(events);
    }
};

/// poll(2), each time that something becomes ready. Linux 5.13. Value: the events that are there.
///
/// It tells of changes (EPOLLET): what was ready and stays so is not told again. Over at the CQE
/// without F_MORE: an error, or a full CQ.
struct poll_stream {
    using value_type = std::uint32_t;
    static constexpr abi::opcode code = abi::opcode::poll_add;
    static constexpr about facts{"poll_stream", "poll(2)", "5.13", "events"};
    static constexpr bool stream = true;

    fd_ref fd;
    std::uint32_t events; ///< POLLIN, POLLOUT, ...
    bool level = false;   ///< tell of states instead. Linux 6.0; EINVAL where not, as in 6.18

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.len =
            raw(abi::poll_flag::add_multi | (level ? abi::poll_flag::add_level : abi::poll_flag{}));
        s.poll32_events = poll_word(events);
    }
};

/// Changes a poll or poll_stream that waits: what it waits for, its user_data, or both. Linux 5.13.
/// Value: none. ENOENT: no such operation. EALREADY: it is completing.
struct poll_update {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::poll_remove;
    static constexpr about facts{"poll_update", "poll(2)", "5.13", "none"};

    std::uint64_t user_data;  ///< of the operation
    abi::poll_flag what;      ///< update_events, update_user_data; add_multi if it is a poll_stream
    std::uint32_t events = 0; ///< with update_events
    std::uint64_t new_user_data = 0; ///< with update_user_data

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = user_data;
        s.off = new_user_data;
        s.len = raw(what);
        s.poll32_events = poll_word(events);
    }
};

/// Ends a poll or poll_stream, which completes with ECANCELED. Linux 5.1. Value: none. ENOENT: no
/// such operation. EALREADY: it is completing.
struct poll_remove {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::poll_remove;
    static constexpr about facts{"poll_remove", "poll(2)", "5.1", "none"};

    std::uint64_t user_data; ///< of the operation

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = user_data;
    }
};

/// epoll_ctl(2). Linux 5.6. Value: none. `*event` must live until the operation is submitted.
struct epoll_ctl {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::epoll_ctl;
    static constexpr about facts{"epoll_ctl", "epoll_ctl(2)", "5.6", "none"};

    int epoll;                            ///< descriptor of the epoll instance
    int fd;                               ///< what to add, change or remove there
    int action;                           ///< EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL
    ::epoll_event const* event = nullptr; ///< not for EPOLL_CTL_DEL

    void prep(abi::sqe& s) const noexcept {
        s.fd = epoll;
        s.off = static_cast<std::uint32_t>(fd);
        s.addr = reinterpret_cast<std::uintptr_t>(event);
        s.len = static_cast<std::uint32_t>(action);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        if (event != nullptr)
            visit(static_cast<void const*>(event), sizeof *event, access::reads_until_submitted);
    }
};

/// epoll_wait(2), without a timeout. Linux 6.15. Value: how many of `events` were filled. They must
/// live until the final CQE.
struct epoll_wait {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::epoll_wait;
    static constexpr about facts{"epoll_wait", "epoll_wait(2)", "6.15", "events filled in"};
    static constexpr bool restartable = true;

    fd_ref fd; ///< the epoll instance
    std::span<::epoll_event> events;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_memory(s, events.data(), events.size());
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit(static_cast<void const*>(events.data()), events.size_bytes(), access::writes);
    }
};

using poll_operations =
    operations<poll, poll_stream, poll_update, poll_remove, epoll_ctl, epoll_wait>;

} // namespace rondo::op
