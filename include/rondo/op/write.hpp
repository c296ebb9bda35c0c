// SPDX-License-Identifier: MIT
#pragma once

// Writing, from any kind of buffer. Value types; any thread.

#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::op {

template <class From>
inline constexpr abi::opcode write_code = abi::opcode::write;
template <>
inline constexpr abi::opcode write_code<iovecs> = abi::opcode::writev;
template <>
inline constexpr abi::opcode write_code<registered_bytes> = abi::opcode::write_fixed;
template <>
inline constexpr abi::opcode write_code<registered_iovecs> = abi::opcode::writev_fixed;

template <class From>
inline constexpr about write_facts{"write", "write(2)", "5.6", "bytes written"};
template <>
inline constexpr about write_facts<iovecs>{"write", "pwritev2(2)", "5.1", "bytes written"};
template <>
inline constexpr about write_facts<registered_bytes>{"write", "pwrite(2)", "5.1", "bytes written"};
template <>
inline constexpr about write_facts<registered_iovecs>{"write", "pwritev2(2)", "6.15",
                                                      "bytes written"};

/// write(2), pwritev2(2). Linux 5.6; 5.1 from iovecs and registered_bytes, 6.15 from
/// registered_iovecs. Value: bytes written.
///
/// The memory must live, and keep its contents, until the final CQE; an array of iovecs until the
/// operation is submitted. At most max_transfer bytes are moved; fewer than asked for is not an
/// error. Errors beside write(2)'s: EFAULT for a registered buffer that does not hold the range.
/// EPIPE comes with SIGPIPE, unless a worker thread wrote: ignore the signal.
template <class From = const_bytes>
struct write {
    static_assert(transfer_buffer<From, const_bytes>);

    using value_type = std::size_t;
    static constexpr abi::opcode code = write_code<From>;
    static constexpr about facts = write_facts<From>;
    static constexpr bool restartable = true;

    fd_ref fd;
    From from;
    std::uint64_t at = current_position; ///< bytes from the file's start
    int flags = 0;                       ///< RWF_ of pwritev2(2)
    std::uint16_t priority = 0;          ///< ioprio_set(2); 0: the submitter's own
    /// Protection information that goes with the data, for block devices that keep it, opened with
    /// O_DIRECT; EINVAL elsewhere. Copied at submission; the bytes it describes are read until the
    /// final CQE. Linux 6.14
    abi::attr_pi const* protection = nullptr;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_buffer(s, from);
        s.off = at;
        s.rw_flags = static_cast<std::uint32_t>(flags);
        s.ioprio = priority;
        set_protection(s, protection);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, from, access::reads);
        visit_protection(visit, protection, access::reads);
    }
};
template <class B = const_bytes, class... Rest>
write(fd_ref, B&&, Rest&&...) -> write<buffer_kind<const_bytes, B>>;

} // namespace rondo::op
