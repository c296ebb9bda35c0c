// SPDX-License-Identifier: MIT
#pragma once

// Messages: bytes with addresses and control data, described by a msghdr of the caller's; and the
// form in which a multishot receive lays them into buffers. Value types; any thread.

#include <rondo/abi/socket.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/send.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace rondo::op {

/// "Where the message's iovecs point": the buffers of a message when nothing else is said.
struct in_message {};

/// The same, and all of them are parts of one registered buffer.
struct in_registered {
    std::uint16_t index; ///< of the registered buffer
};

/// The message's address; the kernel wants a count of one with it.
[[gnu::always_inline]] inline void set_message(abi::sqe& s, ::msghdr const* m) noexcept {
    set_memory(s, m, 1);
}

/// Reports the buffers of a message to an operation's memory(visit).
template <class Visit>
inline void visit_parts(Visit& visit, ::msghdr const& m, access how) {
    if (m.msg_iovlen != 0)
        visit_buffer(visit, iovecs(m.msg_iov, m.msg_iovlen), how);
}
/// Reports its control data.
template <class Visit>
inline void visit_control(Visit& visit, ::msghdr const& m, access how) {
    if (m.msg_control != nullptr)
        visit(static_cast<void const*>(m.msg_control), std::size_t{m.msg_controllen}, how);
}
/// Reports all that a send of a message touches.
template <class Visit>
inline void visit_outgoing(Visit& visit, ::msghdr const& m) {
    visit(static_cast<void const*>(&m), sizeof m, access::reads_until_submitted);
    visit_address(visit, static_cast<::sockaddr const*>(m.msg_name), m.msg_namelen,
                  access::reads_until_submitted);
    visit_control(visit, m, access::reads);
    visit_parts(visit, m, access::reads);
}

/// sendmsg(2). Linux 5.3. Value: bytes sent.
///
/// The msghdr, its name and its iovecs must live until the operation is submitted, its control data
/// and buffers until the final CQE. SIGPIPE is never raised, EPIPE is answered.
struct sendmsg {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::sendmsg;
    static constexpr about facts{"sendmsg", "sendmsg(2)", "5.3", "bytes sent"};
    static constexpr bool restartable = true;

    fd_ref fd;
    ::msghdr const* message;
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once. Linux 5.19

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_message(s, message);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = raw(flag_if(poll_first, abi::recvsend_flag::poll_first));
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_outgoing(visit, *message);
    }
};

/// sendmsg(2), without a copy where the network device can. Linux 6.1; 6.15 in_registered. Value:
/// bytes sent.
///
/// The first CQE has the value. When it says F_MORE, failed or not, a second follows, with F_NOTIF:
/// until then the buffers must live and keep their values; the rest as in sendmsg. EOPNOTSUPP for
/// sockets other than TCP, UDP and their like.
template <class From = in_message>
struct sendmsg_zc {
    static_assert(std::same_as<From, in_message> || std::same_as<From, in_registered>);

    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::sendmsg_zc;
    static constexpr about facts{"sendmsg_zc", "sendmsg(2)",
                                 std::is_same_v<From, in_message> ? "6.1" : "6.15", "bytes sent"};
    static constexpr bool zero_copy = true;

    fd_ref fd;
    ::msghdr const* message;
    From from = {};
    int flags = 0;             ///< MSG_
    bool poll_first = false;   ///< expect to wait: do not try at once
    bool report_usage = false; ///< let the second CQE answer was_copied(). Linux 6.2

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_message(s, message);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        auto how = flag_if(poll_first, abi::recvsend_flag::poll_first) |
                   flag_if(report_usage, abi::recvsend_flag::send_zc_report_usage);
        if constexpr (std::is_same_v<From, in_registered>) {
            how |= abi::recvsend_flag::fixed_buf;
            s.buf_index = from.index;
        }
        s.ioprio = raw(how);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_outgoing(visit, *message);
    }
};

/// recvmsg(2). Linux 5.3; 5.7 from a buffer_source. Value: bytes received; from a buffer_source the
/// buffer_lease that holds them. The message's lengths and flags are written as recvmsg(2) does it.
///
/// The msghdr and all it points to must live until the final CQE. With a buffer_source the message
/// has no iovec, or one whose length limits the transfer. ENOBUFS when the group is empty.
template <class Into = in_message>
struct recvmsg {
    static_assert(std::same_as<Into, in_message> || std::same_as<Into, buffer_source>);
    static constexpr bool chooses_buffer = std::is_same_v<Into, buffer_source>;

    using value_type = std::conditional_t<chooses_buffer, buffer_lease, std::size_t>;
    static constexpr abi::opcode code = abi::opcode::recvmsg;
    static constexpr about facts{"recvmsg", "recvmsg(2)", chooses_buffer ? "5.7" : "5.3",
                                 chooses_buffer ? "buffer_lease" : "bytes received"};
    static constexpr bool restartable = true;

    fd_ref fd;
    ::msghdr* message;
    Into into = {};
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once. Linux 5.19

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        if constexpr (chooses_buffer)
            set_buffer(s, into);
        set_message(s, message);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = raw(flag_if(poll_first, abi::recvsend_flag::poll_first));
    }
    static result<value_type> value(recvmsg const& o, abi::cqe const& c) noexcept
        requires chooses_buffer
    {
        return leased_value<recvmsg>(o.into, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        // The sizes in the msghdr change on the way: see visit_address_out().
        visit(static_cast<void const*>(message), sizeof *message, access::reads);
        visit_address(visit, static_cast<::sockaddr const*>(message->msg_name),
                      message->msg_namelen, access::reads);
        visit_control(visit, *message, access::reads);
        if constexpr (!chooses_buffer)
            visit_parts(visit, *message, access::writes);
    }
};

/// recvmsg(2), as often as there is a message. Linux 6.0. Value: the buffer_lease that holds what
/// received_message::parse() takes apart; without a buffer when the peer has shut down.
///
/// `*like` says how many bytes of each buffer to keep for the name and for the control data
/// (msg_namelen, msg_controllen) and must live until the operation is submitted. Over at the CQE
/// without F_MORE: the peer's shutdown, an error, ENOBUFS when the group is empty, or a full CQ.
struct recvmsg_stream {
    using value_type = buffer_lease;
    static constexpr abi::opcode code = abi::opcode::recvmsg;
    static constexpr about facts{"recvmsg_stream", "recvmsg(2)", "6.0", "buffer_lease"};
    static constexpr bool stream = true;

    fd_ref fd;
    ::msghdr const* like;
    buffer_source into;
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, into);
        set_message(s, like);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = raw(abi::recvsend_flag::recv_multishot |
                       flag_if(poll_first, abi::recvsend_flag::poll_first));
    }
    static result<buffer_lease> value(recvmsg_stream const& o, abi::cqe const& c) noexcept {
        return leased_value<recvmsg_stream>(o.into, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit(static_cast<void const*>(like), sizeof *like, access::reads_until_submitted);
    }
};

/// One message as a recvmsg_stream laid it into a buffer. Borrows the buffer.
class received_message {
public:
    /// Takes apart the bytes of a lease. `like` is the operation's, with the lengths it had then.
    /// EBADMSG when the buffer is too small to hold what `like` reserved.
    [[nodiscard]] static result<received_message> parse(std::span<std::byte const> buffer,
                                                        ::msghdr const& like) noexcept {
        std::size_t const reserved = std::size_t{like.msg_namelen} + like.msg_controllen;
        if (buffer.size() < sizeof(abi::recvmsg_out) ||
            buffer.size() - sizeof(abi::recvmsg_out) < reserved)
            return fail(EBADMSG, attempt_of<recvmsg_stream>);
        received_message out;
        std::memcpy(&out.head_, buffer.data(), sizeof out.head_);
        out.name_ = buffer.subspan(sizeof out.head_, like.msg_namelen);
        out.control_ = buffer.subspan(sizeof out.head_ + like.msg_namelen, like.msg_controllen);
        out.payload_ = buffer.subspan(sizeof out.head_ + reserved);
        return out;
    }

    /// The sender's address, as much of it as had room: a sockaddr of the socket's family.
    [[nodiscard]] std::span<std::byte const> name() const noexcept {
        return cut(name_, head_.namelen);
    }
    /// Control data as cmsg(3) reads them.
    [[nodiscard]] std::span<std::byte const> control() const noexcept {
        return cut(control_, head_.controllen);
    }
    /// The data, as much of them as had room.
    [[nodiscard]] std::span<std::byte const> payload() const noexcept {
        return cut(payload_, head_.payloadlen);
    }
    /// MSG_TRUNC: the payload was cut. MSG_CTRUNC: the control data were. recvmsg(2)
    [[nodiscard]] std::uint32_t flags() const noexcept { return head_.flags; }
    /// Bytes that the address has, even if there was room for fewer.
    [[nodiscard]] std::size_t full_name_size() const noexcept { return head_.namelen; }

private:
    static std::span<std::byte const> cut(std::span<std::byte const> room,
                                          std::uint32_t size) noexcept {
        return size < room.size() ? room.first(size) : room;
    }

    abi::recvmsg_out head_{};
    std::span<std::byte const> name_;
    std::span<std::byte const> control_;
    std::span<std::byte const> payload_;
};

using message_operations = operations<sendmsg, sendmsg_zc<>, sendmsg_zc<in_registered>, recvmsg<>,
                                      recvmsg<buffer_source>, recvmsg_stream>;

} // namespace rondo::op
