// SPDX-License-Identifier: MIT
#pragma once

// Sockets before and after the data: making, naming, connecting, accepting, shutting down. Data
// go by send.hpp, receive.hpp and message.hpp. Value types; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/op/destination.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

namespace rondo::op {

/// Socket flags without the one that a slot, which never outlives exec, does not take.
template <class As>
[[nodiscard]] constexpr std::uint32_t socket_flags(int flags) noexcept {
    return static_cast<std::uint32_t>(is_slot_source<As> ? flags & ~SOCK_CLOEXEC : flags);
}

/// Reports an address to an operation's memory(visit).
template <class Visit>
inline void visit_address(Visit& visit, ::sockaddr const* address, ::socklen_t size, access how) {
    if (address != nullptr)
        visit(static_cast<void const*>(address), std::size_t{size}, how);
}
/// The same where the kernel writes the address and its size. As the size changes on the way, which
/// bytes are written cannot be told twice alike: they are reported as memory that must live, not as
/// memory that only the kernel may touch.
template <class Visit>
inline void visit_address_out(Visit& visit, ::sockaddr const* address, ::socklen_t const* size) {
    if (size == nullptr)
        return;
    visit_address(visit, address, *size, access::reads);
    visit(static_cast<void const*>(size), sizeof *size, access::reads);
}

/// socket(2). Linux 5.19. Value: the new socket, a unique_fd or with a slot_source an owned_slot.
///
/// Errors beside socket(2)'s: ENFILE when no slot is free, ENXIO without a registered table.
template <class As = plain_descriptor>
struct socket {
    static_assert(file_destination<As>);

    using value_type = owner_of<As>;
    static constexpr abi::opcode code = abi::opcode::socket;
    static constexpr about facts{"socket", "socket(2)", "5.19",
                                 is_slot_source<As> ? "owned_slot" : "unique_fd"};

    int domain;               ///< AF_
    int type;                 ///< SOCK_STREAM and its like
    int protocol = 0;         ///< IPPROTO_; 0: the type's usual one
    int flags = SOCK_CLOEXEC; ///< SOCK_NONBLOCK, SOCK_CLOEXEC; the latter is dropped for a slot
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        s.fd = domain;
        s.off = static_cast<std::uint32_t>(type) | socket_flags<As>(flags);
        s.len = static_cast<std::uint32_t>(protocol);
        set_destination(s, as);
    }
    static result<value_type> value(socket const& o, abi::cqe const& c) noexcept {
        return opened_value<socket>(o.as, c);
    }
};

/// bind(2). Linux 6.11. Value: none. The address must live until the operation is submitted.
struct bind {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::bind;
    static constexpr about facts{"bind", "bind(2)", "6.11", "none"};

    fd_ref fd;
    ::sockaddr const* address;
    ::socklen_t size; ///< bytes of the address

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.addr = reinterpret_cast<std::uintptr_t>(address);
        s.addr2 = size;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_address(visit, address, size, access::reads_until_submitted);
    }
};

/// listen(2). Linux 6.11. Value: none.
struct listen {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::listen;
    static constexpr about facts{"listen", "listen(2)", "6.11", "none"};

    fd_ref fd;
    int backlog = SOMAXCONN; ///< connections that may wait to be accepted; the system cuts it

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.len = static_cast<std::uint32_t>(backlog);
    }
};

/// accept4(2). Linux 5.5; into a slot 5.15, into one that the kernel chooses 5.19. Value: the
/// connection, a unique_fd or with a slot_source an owned_slot.
///
/// Waits for a connection; with `dont_wait` it says EAGAIN instead. `*address` and `*size` must
/// live until the final CQE. Errors beside accept4(2)'s: ENFILE when no slot is free, ENXIO without
/// a registered table.
template <class As = plain_descriptor>
struct accept {
    static_assert(file_destination<As>);

    using value_type = owner_of<As>;
    static constexpr abi::opcode code = abi::opcode::accept;
    static constexpr about facts{"accept", "accept4(2)", is_slot_source<As> ? "5.15" : "5.5",
                                 is_slot_source<As> ? "owned_slot" : "unique_fd"};
    static constexpr bool restartable = true;

    fd_ref fd;
    ::sockaddr* address = nullptr; ///< where to put the peer's address, or null
    ::socklen_t* size = nullptr;   ///< in: bytes at `address`; out: bytes the address has
    int flags = SOCK_CLOEXEC;      ///< SOCK_NONBLOCK, SOCK_CLOEXEC; the latter dropped for a slot
    bool dont_wait = false;        ///< only what is there already. Linux 6.10
    bool poll_first = false;       ///< expect to wait: do not try at once. Linux 6.10
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.addr = reinterpret_cast<std::uintptr_t>(address);
        s.addr2 = reinterpret_cast<std::uintptr_t>(size);
        s.accept_flags = socket_flags<As>(flags);
        s.ioprio = raw((dont_wait ? abi::accept_flag::dontwait : abi::accept_flag{}) |
                       (poll_first ? abi::accept_flag::poll_first : abi::accept_flag{}));
        set_destination(s, as);
    }
    static result<value_type> value(accept const& o, abi::cqe const& c) noexcept {
        return opened_value<accept>(o.as, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_address_out(visit, address, size);
    }
};

/// accept4(2), as often as there is a connection. Linux 5.19. Value: the connection, a unique_fd or
/// with a slot_source an owned_slot.
///
/// Over at the CQE without F_MORE: an error, or a full CQ. Ask the connection for its peer's
/// address. A slot_source must let the kernel choose, else EINVAL.
template <class As = plain_descriptor>
struct accept_stream {
    static_assert(file_destination<As>);

    using value_type = owner_of<As>;
    static constexpr abi::opcode code = abi::opcode::accept;
    static constexpr about facts{"accept_stream", "accept4(2)", "5.19",
                                 is_slot_source<As> ? "owned_slot" : "unique_fd"};
    static constexpr bool stream = true;

    fd_ref fd;
    int flags = SOCK_CLOEXEC; ///< SOCK_NONBLOCK, SOCK_CLOEXEC; the latter is dropped for a slot
    bool dont_wait = false;   ///< only what is there already, then EAGAIN. Linux 6.10
    bool poll_first = false;  ///< expect to wait: do not try at once. Linux 6.10
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.accept_flags = socket_flags<As>(flags);
        s.ioprio = raw(abi::accept_flag::multishot |
                       (dont_wait ? abi::accept_flag::dontwait : abi::accept_flag{}) |
                       (poll_first ? abi::accept_flag::poll_first : abi::accept_flag{}));
        set_destination(s, as);
    }
    static result<value_type> value(accept_stream const& o, abi::cqe const& c) noexcept {
        return opened_value<accept_stream>(o.as, c);
    }
};

/// connect(2). Linux 5.5. Value: none, the connection is there. The address must live until the
/// operation is submitted.
struct connect {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::connect;
    static constexpr about facts{"connect", "connect(2)", "5.5", "none"};

    fd_ref fd;
    ::sockaddr const* address;
    ::socklen_t size; ///< bytes of the address

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.addr = reinterpret_cast<std::uintptr_t>(address);
        s.addr2 = size;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_address(visit, address, size, access::reads_until_submitted);
    }
};

/// shutdown(2). Linux 5.11. Value: none. Ends receives and sends that wait on the socket.
struct shutdown {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::shutdown;
    static constexpr about facts{"shutdown", "shutdown(2)", "5.11", "none"};

    fd_ref fd;
    int how = SHUT_RDWR; ///< SHUT_RD, SHUT_WR, SHUT_RDWR

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.len = static_cast<std::uint32_t>(how);
    }
};

using net_operations =
    operations<socket<>, socket<slot_source>, bind, listen, accept<>, accept<slot_source>,
               accept_stream<>, accept_stream<slot_source>, connect, shutdown>;

} // namespace rondo::op
