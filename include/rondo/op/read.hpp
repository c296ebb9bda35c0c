// SPDX-License-Identifier: MIT
#pragma once

// Reading: once into any kind of buffer, or again and again into buffers that the kernel chooses.
// Value types; any thread.

#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

template <class Into>
inline constexpr abi::opcode read_code = abi::opcode::read;
template <>
inline constexpr abi::opcode read_code<iovecs> = abi::opcode::readv;
template <>
inline constexpr abi::opcode read_code<registered_bytes> = abi::opcode::read_fixed;
template <>
inline constexpr abi::opcode read_code<registered_iovecs> = abi::opcode::readv_fixed;

template <class Into>
inline constexpr about read_facts{"read", "read(2)", "5.6", "bytes read"};
template <>
inline constexpr about read_facts<iovecs>{"read", "preadv2(2)", "5.1", "bytes read"};
template <>
inline constexpr about read_facts<registered_bytes>{"read", "pread(2)", "5.1", "bytes read"};
template <>
inline constexpr about read_facts<registered_iovecs>{"read", "preadv2(2)", "6.15", "bytes read"};
template <>
inline constexpr about read_facts<buffer_source>{"read", "read(2)", "5.7", "buffer_lease"};

/// read(2), preadv2(2). Linux 5.6; 5.1 into iovecs and registered_bytes, 5.7 from a buffer_source,
/// 6.15 into registered_iovecs. Value: bytes read, 0 at end of file; from a buffer_source the
/// buffer_lease that holds them.
///
/// The memory must live until the final CQE, an array of iovecs until the operation is submitted.
/// At most max_transfer bytes are moved; fewer than asked for is not an error. Errors beside
/// read(2)'s: EFAULT for a registered buffer that does not hold the range, ENOBUFS when the group
/// is empty.
template <class Into = mutable_bytes>
struct read {
    static_assert(transfer_buffer<Into, mutable_bytes>);
    static constexpr bool chooses_buffer = std::is_same_v<Into, buffer_source>;

    using value_type = std::conditional_t<chooses_buffer, buffer_lease, std::size_t>;
    static constexpr abi::opcode code = read_code<Into>;
    static constexpr about facts = read_facts<Into>;
    static constexpr bool restartable = true;

    fd_ref fd;
    Into into;
    std::uint64_t at = current_position; ///< bytes from the file's start
    int flags = 0;                       ///< RWF_ of preadv2(2)
    std::uint16_t priority = 0;          ///< ioprio_set(2); 0: the submitter's own
    /// Protection information that goes with the data, for block devices that keep it, opened with
    /// O_DIRECT; EINVAL elsewhere. Copied at submission; the bytes it describes are written until
    /// the final CQE. Linux 6.14
    abi::attr_pi const* protection = nullptr;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, into);
        s.off = at;
        s.rw_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = priority;
        set_protection(s, protection);
    }
    static result<value_type> value(read const& o, abi::cqe const& c) noexcept
        requires chooses_buffer
    {
        return leased_value<read>(o.into, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, into, access::writes);
        visit_protection(visit, protection, access::writes);
    }
};
template <class B = mutable_bytes, class... Rest>
read(fd_ref, B&&, Rest&&...) -> read<buffer_kind<mutable_bytes, B>>;

/// read(2), as often as there is something to read. Linux 6.7. Value: the buffer_lease that holds
/// the bytes, without a buffer at end of file.
///
/// For what can be polled: pipes, sockets, terminals, eventfds; EBADFD for regular files. Over at
/// the CQE without F_MORE: end of file, an error, ENOBUFS when the group is empty, or a full CQ.
/// The group must be a buffer ring and `into.limit` 0, else EINVAL.
struct read_stream {
    using value_type = buffer_lease;
    static constexpr abi::opcode code = abi::opcode::read_multishot;
    static constexpr about facts{"read_stream", "read(2)", "6.7", "buffer_lease"};
    static constexpr bool stream = true;

    fd_ref fd;
    buffer_source into;
    std::uint64_t at = current_position; ///< bytes from the file's start, where it has positions
    int flags = 0;                       ///< RWF_ of preadv2(2)
    std::uint16_t priority = 0;          ///< ioprio_set(2); 0: the submitter's own

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, into);
        s.off = at;
        s.rw_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = priority;
    }
    static result<buffer_lease> value(read_stream const& o, abi::cqe const& c) noexcept {
        return leased_value<read_stream>(o.into, c);
    }
};

} // namespace rondo::op
