// SPDX-License-Identifier: MIT
#pragma once

// Sending bytes: copied by the kernel or straight from the caller's memory, to the peer or to an
// address, from the caller's buffers or from a group's. Value types; any thread.

#include <rondo/abi/socket.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <sys/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

/// `flag` where `wanted`, else no flag.
[[nodiscard, gnu::always_inline]] constexpr abi::recvsend_flag flag_if(
    bool wanted, abi::recvsend_flag flag) noexcept {
    return wanted ? flag : abi::recvsend_flag{};
}

/// Where a send goes that has an address of its own.
[[gnu::always_inline]] inline void set_recipient(abi::sqe& s, ::sockaddr const* to,
                                                 ::socklen_t size) noexcept {
    s.addr2 = reinterpret_cast<std::uintptr_t>(to);
    s.addr_len = static_cast<std::uint16_t>(size);
}

/// The kinds of buffer that a plain send takes.
template <class From>
concept send_buffer = std::same_as<From, const_bytes> || std::same_as<From, iovecs> ||
                      std::same_as<From, buffer_source>;

template <class From>
inline constexpr about send_facts{"send", "send(2)", "5.6", "bytes sent"};
template <>
inline constexpr about send_facts<iovecs>{"send", "send(2)", "6.17", "bytes sent"};
template <>
inline constexpr about send_facts<buffer_source>{"send", "send(2)", "6.10", "buffer_lease"};

/// send(2), sendto(2). Linux 5.6; 6.10 from a buffer_source, 6.17 from iovecs. Value: bytes sent;
/// from a buffer_source the buffer_lease of what was sent, which gives the buffer back.
///
/// The bytes must live, and keep their values, until the final CQE; the address and an array of
/// iovecs until the operation is submitted. At most max_transfer bytes are sent; fewer than asked
/// for is not an error unless MSG_WAITALL says so. SIGPIPE is never raised, EPIPE is answered.
/// ENOBUFS when the group is empty.
template <class From = const_bytes>
struct send {
    static_assert(send_buffer<From>);
    static constexpr bool chooses_buffer = std::is_same_v<From, buffer_source>;

    using value_type = std::conditional_t<chooses_buffer, buffer_lease, std::size_t>;
    static constexpr abi::opcode code = abi::opcode::send;
    static constexpr about facts = send_facts<From>;
    static constexpr bool restartable = true;

    fd_ref fd;
    From from;
    int flags = 0;                  ///< MSG_
    ::sockaddr const* to = nullptr; ///< the recipient, or null: the connected peer. Linux 6.0
    ::socklen_t to_size = 0;        ///< bytes of the address
    bool poll_first = false;        ///< expect to wait: do not try at once. Linux 5.19

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, from);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        set_recipient(s, to, to_size);
        s.ioprio = raw(flag_if(poll_first, abi::recvsend_flag::poll_first) |
                       flag_if(std::is_same_v<From, iovecs>, abi::recvsend_flag::send_vectorized));
    }
    static result<value_type> value(send const& o, abi::cqe const& c) noexcept
        requires chooses_buffer
    {
        return leased_value<send>(o.from, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, from, access::reads);
        visit_address(visit, to, to_size, access::reads_until_submitted);
    }
};
template <class B = const_bytes, class... Rest>
send(fd_ref, B&&, Rest&&...) -> send<buffer_kind<const_bytes, B>>;

/// send(2), of whatever a group of buffers holds, as many of them at a time as the socket takes.
/// Linux 6.10. Value: the buffer_lease of what was sent, in one buffer or several.
///
/// Over at the CQE without F_MORE: the group is empty (ENOBUFS if it was from the start), the
/// socket did not take everything, or an error. `from.limit` must be 0.
struct send_stream {
    using value_type = buffer_lease;
    static constexpr abi::opcode code = abi::opcode::send;
    static constexpr about facts{"send_stream", "send(2)", "6.10", "buffer_lease"};
    static constexpr bool stream = true;

    fd_ref fd;
    buffer_source from;
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, from);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.ioprio =
            raw(abi::recvsend_flag::bundle | flag_if(poll_first, abi::recvsend_flag::poll_first));
    }
    static result<buffer_lease> value(send_stream const& o, abi::cqe const& c) noexcept {
        return leased_value<send_stream>(o.from, c);
    }
};

/// The kinds of buffer that a zero-copy send takes. For parts of a registered buffer there is
/// sendmsg_zc.
template <class From>
concept send_zc_buffer = std::same_as<From, const_bytes> || std::same_as<From, iovecs> ||
                         std::same_as<From, registered_bytes>;

/// Whether the kernel copied the bytes of a zero-copy send after all, as it does on the loopback
/// device. `notification` is the CQE with F_NOTIF of a send with report_usage. Linux 6.2
[[nodiscard]] constexpr bool was_copied(abi::cqe const& notification) noexcept {
    return (static_cast<std::uint32_t>(notification.res) & abi::notif_usage_zc_copied) != 0;
}

/// send(2), without a copy where the network device can. Linux 6.0; 6.17 from iovecs. Value: bytes
/// sent.
///
/// The first CQE has the value. When it says F_MORE, failed or not, a second follows, with F_NOTIF:
/// until then the bytes must live and keep their values. One that fails because what it is linked
/// to failed is over with the first, which does not say F_MORE, though the second may follow even
/// so (Linux 6.18): its user_data must not mean another operation by then. The loop and shared_ring
/// see to that.
///
/// The address and an array of iovecs must live until the operation is submitted. EOPNOTSUPP for
/// sockets other than TCP, UDP and their like; EINVAL under skip_success, which is refused here
/// already.
template <class From = const_bytes>
struct send_zc {
    static_assert(send_zc_buffer<From>);

    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::send_zc;
    static constexpr about facts{"send_zc", "send(2)",
                                 std::is_same_v<From, iovecs> ? "6.17" : "6.0", "bytes sent"};
    static constexpr bool zero_copy = true;

    fd_ref fd;
    From from;
    int flags = 0;                  ///< MSG_
    ::sockaddr const* to = nullptr; ///< the recipient, or null: the connected peer
    ::socklen_t to_size = 0;        ///< bytes of the address
    bool poll_first = false;        ///< expect to wait: do not try at once
    bool report_usage = false;      ///< let the second CQE answer was_copied(). Linux 6.2

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, from);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        set_recipient(s, to, to_size);
        s.ioprio =
            raw(flag_if(poll_first, abi::recvsend_flag::poll_first) |
                flag_if(report_usage, abi::recvsend_flag::send_zc_report_usage) |
                flag_if(std::is_same_v<From, iovecs>, abi::recvsend_flag::send_vectorized) |
                flag_if(std::is_same_v<From, registered_bytes>, abi::recvsend_flag::fixed_buf));
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, from, access::reads);
        visit_address(visit, to, to_size, access::reads_until_submitted);
    }
};
template <class B = const_bytes, class... Rest>
send_zc(fd_ref, B&&, Rest&&...) -> send_zc<buffer_kind<const_bytes, B>>;

using send_operations = operations<send<>, send<iovecs>, send<buffer_source>, send_stream,
                                   send_zc<>, send_zc<iovecs>, send_zc<registered_bytes>>;

} // namespace rondo::op
