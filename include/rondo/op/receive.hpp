// SPDX-License-Identifier: MIT
#pragma once

// Receiving bytes: once or again and again, into the caller's memory, into buffers that the kernel
// chooses, or where the network card puts them. Value types; any thread.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/abi/zcrx.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/send.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <sys/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace rondo::op {

/// "As many buffers of the group as it takes": a receive from a bundle fills several buffers in a
/// row, and one lease holds them. The group must be a buffer ring. Linux 6.10
struct bundle {
    buffer_source from;

    [[nodiscard]] buffer_lease adopt(abi::cqe const& c) const noexcept {
        return from.adopt_bundle(c);
    }
    void starved() const noexcept { from.starved(); }
};

template <class Into>
inline constexpr bool is_bundle = std::is_same_v<Into, bundle>;

/// The kinds of buffer that a receive takes.
template <class Into>
concept receive_buffer =
    std::same_as<Into, mutable_bytes> || std::same_as<Into, buffer_source> || is_bundle<Into>;

[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, bundle const& b) noexcept {
    set_buffer(s, b.from);
}
template <class Given>
using receive_kind = std::conditional_t<is_bundle<std::remove_cvref_t<Given>>, bundle,
                                        buffer_kind<mutable_bytes, Given>>;

template <class Into>
inline constexpr about recv_facts{"recv", "recv(2)", "5.6", "bytes received"};
template <>
inline constexpr about recv_facts<buffer_source>{"recv", "recv(2)", "5.7", "buffer_lease"};
template <>
inline constexpr about recv_facts<bundle>{"recv", "recv(2)", "6.10", "buffer_lease"};

/// recv(2). Linux 5.6; 5.7 from a buffer_source, 6.10 from a bundle. Value: bytes received, 0 when
/// the peer has shut down; from a buffer_source or bundle the buffer_lease that holds them.
///
/// The memory must live until the final CQE. At most max_transfer bytes are received; fewer than
/// asked for is not an error unless MSG_WAITALL says so. The CQE's F_SOCK_NONEMPTY says that there
/// is more to receive (Linux 5.19). ENOBUFS when the group is empty.
template <class Into = mutable_bytes>
struct recv {
    static_assert(receive_buffer<Into>);
    static constexpr bool chooses_buffer = !std::is_same_v<Into, mutable_bytes>;

    using value_type = std::conditional_t<chooses_buffer, buffer_lease, std::size_t>;
    static constexpr abi::opcode code = abi::opcode::recv;
    static constexpr about facts = recv_facts<Into>;
    static constexpr bool restartable = true;

    fd_ref fd;
    Into into;
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once. Linux 5.19

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, into);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = raw(flag_if(poll_first, abi::recvsend_flag::poll_first) |
                       flag_if(is_bundle<Into>, abi::recvsend_flag::bundle));
    }
    static result<value_type> value(recv const& o, abi::cqe const& c) noexcept
        requires chooses_buffer
    {
        return leased_value<recv>(o.into, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        if constexpr (!chooses_buffer)
            visit_buffer(visit, into, access::writes);
    }
};
template <class B = mutable_bytes, class... Rest>
recv(fd_ref, B&&, Rest&&...) -> recv<receive_kind<B>>;

/// recv(2), as often as there is something to receive. Linux 6.0; 6.10 from a bundle. Value: the
/// buffer_lease that holds the bytes, without a buffer when the peer has shut down.
///
/// Over at the CQE without F_MORE: the peer's shutdown, an error, ENOBUFS when the group is empty,
/// a full CQ, or `total` is reached. EINVAL for MSG_WAITALL, and for a limit before Linux 6.17.
template <class Into = buffer_source>
struct recv_stream {
    static_assert(receive_buffer<Into> && !std::is_same_v<Into, mutable_bytes>);

    using value_type = buffer_lease;
    static constexpr abi::opcode code = abi::opcode::recv;
    static constexpr about facts{"recv_stream", "recv(2)", is_bundle<Into> ? "6.10" : "6.0",
                                 "buffer_lease"};
    static constexpr bool stream = true;

    fd_ref fd;
    Into into;               ///< its limit is that of each receive
    int flags = 0;           ///< MSG_
    bool poll_first = false; ///< expect to wait: do not try at once
    std::uint32_t total = 0; ///< bytes after which the stream ends; 0: no limit. Linux 6.17

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, into);
        s.msg_flags = static_cast<std::uint32_t>(flags);
        s.optlen = total;
        s.ioprio = raw(abi::recvsend_flag::recv_multishot |
                       flag_if(poll_first, abi::recvsend_flag::poll_first) |
                       flag_if(is_bundle<Into>, abi::recvsend_flag::bundle));
    }
    static result<buffer_lease> value(recv_stream const& o, abi::cqe const& c) noexcept {
        return leased_value<recv_stream>(o.into, c);
    }
};

/// Where in its area the network card put received bytes. They stay there until a zcrx_rqe gives
/// the place back.
struct received_area {
    std::uint64_t offset = 0; ///< bytes from the area's start, its number in the bits above
    std::size_t size = 0;     ///< bytes; 0 when the peer has shut down
};

/// recv(2), again and again, into memory that the network card writes itself. Linux 6.15. Value:
/// where the bytes are.
///
/// Needs a receive queue registered with the ring (register_op::zcrx_ifq) and CQEs of 32 bytes, for
/// the place is in the second half. Over at the CQE without F_MORE.
struct recv_zc_stream {
    using value_type = received_area;
    static constexpr abi::opcode code = abi::opcode::recv_zc;
    static constexpr about facts{"recv_zc_stream", "recv(2)", "6.15", "received_area"};
    static constexpr bool stream = true;
    static constexpr bool cqe32 = true;

    fd_ref fd;
    std::uint32_t queue;     ///< zcrx_ifq_reg::zcrx_id of the receive queue
    std::uint32_t total = 0; ///< bytes after which the stream ends; 0: no limit
    bool poll_first = false; ///< expect to wait: do not try at once

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.len = total;
        s.zcrx_ifq_idx = queue;
        s.ioprio = raw(abi::recvsend_flag::recv_multishot |
                       flag_if(poll_first, abi::recvsend_flag::poll_first));
    }
    static result<received_area> value(recv_zc_stream const&, abi::cqe32 const& c) noexcept {
        if (c.head.res < 0) [[unlikely]]
            return failure<recv_zc_stream>(c.head);
        return received_area{c.extra[0], static_cast<std::size_t>(c.head.res)};
    }
};

using receive_operations = operations<recv<>, recv<buffer_source>, recv<bundle>, recv_stream<>,
                                      recv_stream<bundle>, recv_zc_stream>;

} // namespace rondo::op
