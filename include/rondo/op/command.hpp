// SPDX-License-Identifier: MIT
#pragma once

// Commands that drivers define: of any file, of sockets, of block devices. Value types; any thread.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/abi/timespec.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <sys/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace rondo::op {

/// The bytes of a command that a driver finds in an SQE.
struct command_bytes {
    std::uint8_t bytes[sizeof abi::sqe::cmd];
};
/// The bytes that it finds in an SQE of 128 bytes.
struct wide_command_bytes {
    std::uint8_t bytes[sizeof abi::sqe::cmd + sizeof abi::sqe128::cmd];
};

/// What all commands have in common but for their own bytes.
struct command_head {
    std::uint32_t command;          ///< the driver's number for it, sqe.cmd_op
    std::uint64_t addr = 0;         ///< sqe.addr, for the driver
    std::uint32_t len = 0;          ///< sqe.len, for the driver
    abi::uring_cmd_flag flags = {}; ///< `fixed`: the driver uses a registered buffer. Linux 6.1
    std::uint16_t buffer = 0;       ///< its index

    void set(abi::sqe& s) const noexcept {
        s.cmd_op = command;
        s.addr = addr;
        s.len = len;
        s.uring_cmd_flags = raw(flags);
        s.buf_index = buffer;
    }
};

[[gnu::always_inline]] inline void set_command(abi::sqe128& s,
                                               wide_command_bytes const& own) noexcept {
    std::memcpy(reinterpret_cast<std::uint8_t*>(&s) + offsetof(abi::sqe, cmd), own.bytes,
                sizeof own.bytes);
}

/// A command of the file's driver. io_uring_prep_uring_cmd(3). Linux 5.19. Value: the driver's.
///
/// With wide_command_bytes it needs a ring whose SQEs all have 128 bytes. What else must live how
/// long is the driver's to say. EOPNOTSUPP: the file knows no commands, or not this one.
template <class Bytes = command_bytes>
struct uring_cmd {
    static_assert(std::same_as<Bytes, command_bytes> || std::same_as<Bytes, wide_command_bytes>);

    using value_type = std::int32_t;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"uring_cmd", "io_uring_prep_uring_cmd(3)", "5.19",
                                 "the driver's answer"};
    static constexpr bool wide = std::is_same_v<Bytes, wide_command_bytes>;

    fd_ref fd;
    command_head head;
    Bytes own = {}; ///< the driver's, from sqe.cmd on

    void prep(abi::sqe& s) const noexcept
        requires(!wide)
    {
        set_target(s, fd);
        head.set(s);
        std::memcpy(s.cmd, own.bytes, sizeof own.bytes);
    }
    void prep(abi::sqe128& s) const noexcept
        requires(wide)
    {
        set_target(s.head, fd);
        head.set(s.head);
        set_command(s, own);
    }
};

/// A command in an SQE of 128 bytes, for rings that mix both sizes. io_uring_prep_uring_cmd128(3).
/// Linux 6.19. Value: the driver's.
struct uring_cmd128 {
    using value_type = std::int32_t;
    static constexpr abi::opcode code = abi::opcode::uring_cmd128;
    static constexpr about facts{"uring_cmd128", "io_uring_prep_uring_cmd128(3)", "6.19",
                                 "the driver's answer"};
    static constexpr bool wide = true;

    fd_ref fd;
    command_head head;
    wide_command_bytes own = {}; ///< the driver's, from sqe.cmd on

    void prep(abi::sqe128& s) const noexcept {
        set_target(s.head, fd);
        head.set(s.head);
        set_command(s, own);
    }
};

[[gnu::always_inline]] inline void set_socket_command(abi::sqe& s, fd_ref fd,
                                                      abi::socket_command command) noexcept {
    set_target(s, fd);
    s.cmd_op = raw(command);
}

/// SIOCINQ of tcp(7), udp(7). Linux 6.7. Value: bytes that are there to be received.
struct siocinq {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"siocinq", "tcp(7)", "6.7", "bytes to receive"};

    fd_ref fd;

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::siocinq);
    }
};

/// SIOCOUTQ of tcp(7), udp(7). Linux 6.7. Value: bytes sent that the peer has not acknowledged.
struct siocoutq {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"siocoutq", "tcp(7)", "6.7", "bytes in the send queue"};

    fd_ref fd;

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::siocoutq);
    }
};

/// getsockopt(2). Linux 6.7. Value: bytes of the option's value. `into` must live until the final
/// CQE. EOPNOTSUPP for levels other than SOL_SOCKET.
struct getsockopt {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"getsockopt", "getsockopt(2)", "6.7", "bytes of the value"};

    fd_ref fd;
    int level;  ///< SOL_
    int option; ///< SO_
    mutable_bytes into;

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::getsockopt);
        s.level = static_cast<std::uint32_t>(level);
        s.optname = static_cast<std::uint32_t>(option);
        s.optval = reinterpret_cast<std::uintptr_t>(into.data());
        s.optlen = clamped(into.size());
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, into, access::writes);
    }
};

/// setsockopt(2). Linux 6.7. Value: none. `from` must live until the final CQE.
struct setsockopt {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"setsockopt", "setsockopt(2)", "6.7", "none"};

    fd_ref fd;
    int level;  ///< SOL_, IPPROTO_
    int option; ///< SO_, TCP_, ...
    const_bytes from;

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::setsockopt);
        s.level = static_cast<std::uint32_t>(level);
        s.optname = static_cast<std::uint32_t>(option);
        s.optval = reinterpret_cast<std::uintptr_t>(from.data());
        s.optlen = clamped(from.size());
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_buffer(visit, from, access::reads);
    }
};

/// getsockname(2), or getpeername(2). Linux 6.19, EOPNOTSUPP before. Value: none; `*address` and
/// `*size` are written and must live until the final CQE.
struct getsockname {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"getsockname", "getsockname(2)", "6.19", "none"};

    fd_ref fd;
    ::sockaddr* address;
    ::socklen_t* size; ///< in: bytes at `address`; out: bytes the address has
    bool peer = false; ///< the other end's address

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::getsockname);
        s.addr = reinterpret_cast<std::uintptr_t>(address);
        s.addr3 = reinterpret_cast<std::uintptr_t>(size);
        s.optlen = peer ? 1 : 0;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_address_out(visit, address, size);
    }
};

/// When a packet left, as SO_TIMESTAMPING has it: socket(7), Documentation/networking/timestamping.
struct transmit_timestamp {
    std::uint32_t key = 0;  ///< which packet or byte, with SOF_TIMESTAMPING_OPT_ID
    std::uint32_t type = 0; ///< SCM_TSTAMP_: where on its way it was
    bool hardware = false;  ///< by the network card's clock
    abi::timespec time{};
};

/// The transmit timestamps of a socket, one by one. socket(7). Linux 6.17. Value: a
/// transmit_timestamp.
///
/// The socket must ask for them with SO_TIMESTAMPING, and SOF_TIMESTAMPING_OPT_TSONLY among its
/// flags. Needs CQEs of 32 bytes. Over at the CQE without F_MORE.
struct tx_timestamp_stream {
    using value_type = transmit_timestamp;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"tx_timestamp_stream", "socket(7)", "6.17", "transmit_timestamp"};
    static constexpr bool stream = true;
    static constexpr bool cqe32 = true;

    fd_ref fd;

    void prep(abi::sqe& s) const noexcept {
        set_socket_command(s, fd, abi::socket_command::tx_timestamp);
    }
    static result<transmit_timestamp> value(tx_timestamp_stream const&,
                                            abi::cqe32 const& c) noexcept {
        // The key takes all 32 bits of res, so only the last CQE can be told to be a failure.
        if (!more(c.head) && c.head.res < 0)
            return failure<tx_timestamp_stream>(c.head);
        return transmit_timestamp{
            .key = static_cast<std::uint32_t>(c.head.res),
            .type = c.head.flags >> abi::timestamp_type_shift,
            .hardware = has(c.head, abi::cqe_flag::tstamp_hw),
            .time = {static_cast<std::int64_t>(c.extra[0]), static_cast<std::int64_t>(c.extra[1])}};
    }
};

/// BLKDISCARD of a block device: forgets the contents of a range. blkdiscard(8). Linux 6.12. Value:
/// none.
///
/// Bounds are multiples of the device's logical block, else EINVAL. EOPNOTSUPP: the device cannot.
/// EBUSY: the page cache of the range is in use. Needs a descriptor that is open for writing.
struct block_discard {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"block_discard", "blkdiscard(8)", "6.12", "none"};
    /// BLOCK_URING_CMD_DISCARD, _IO(0x12, 0).
    static constexpr std::uint32_t command = 0x1200;

    fd_ref fd;
    std::uint64_t at;   ///< bytes from the device's start
    std::uint64_t size; ///< bytes

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.cmd_op = command;
        s.addr = at;
        s.addr3 = size;
    }
};

/// Empties all zones of a zoned block device that want sequential writes. Linux 7.3, as far as its
/// manual page tells, EINVAL before. io_uring_prep_cmd_zone_reset_all(3). Value: none.
///
/// No other operation may be at work on the device. EOPNOTSUPP: it has no zones. Needs a descriptor
/// that is open for writing.
struct block_zone_reset_all {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::uring_cmd;
    static constexpr about facts{"block_zone_reset_all", "io_uring_prep_cmd_zone_reset_all(3)",
                                 "7.3", "none"};
    /// BLOCK_URING_CMD_ZONE_RESET_ALL, _IO(0x12, 1).
    static constexpr std::uint32_t command = 0x1201;

    fd_ref fd;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.cmd_op = command;
    }
};

using command_operations = operations<uring_cmd<>, uring_cmd<wide_command_bytes>, uring_cmd128,
                                      siocinq, siocoutq, getsockopt, setsockopt, getsockname,
                                      tx_timestamp_stream, block_discard, block_zone_reset_all>;

} // namespace rondo::op
