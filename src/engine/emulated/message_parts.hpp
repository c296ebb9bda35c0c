// SPDX-License-Identifier: MIT
#pragma once

// What sends and receives share: where their flags are, when they wait, and the message headers
// that are kept. One thread at a time per request.

#include "memory_parts.hpp"
#include "request.hpp"

#include <rondo/abi/socket.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rondo::engine::emulation {

[[nodiscard]] inline bool asks(abi::sqe const& entry, abi::recvsend_flag flag) noexcept {
    return (entry.ioprio & raw(flag)) != 0;
}
[[nodiscard]] inline bool asks_for_all(abi::sqe const& entry) noexcept {
    return (entry.msg_flags & MSG_WAITALL) != 0;
}
/// A socket's own O_NONBLOCK changes nothing, as with the kernel.
[[nodiscard]] inline bool may_wait(abi::sqe const& entry) noexcept {
    return (entry.msg_flags & MSG_DONTWAIT) == 0;
}

/// To what a system call wants.
inline void put_into(::msghdr& header, memory_parts& parts) noexcept {
    header.msg_iov = parts.list().data();
    header.msg_iovlen = parts.list().size();
}

/// True if the entry's opcode is one of the sends and receives.
[[nodiscard]] bool moves_messages(abi::sqe const& entry) noexcept;

/// Waits for the descriptor; the next attempt is one that has waited.
[[nodiscard]] outcome wait_for(request& r, std::uint32_t events) noexcept;

/// What recvsend_flag::poll_first makes of the first attempt, and of a worker's one of a multishot
/// receive, whose answers are for the ring's own thread to post; nothing: try.
[[nodiscard]] std::optional<outcome> first_wait(request& r, std::uint32_t events,
                                                bool on_worker) noexcept;

/// The message header of sendmsg and recvmsg.
[[nodiscard]] ::msghdr& header_of(abi::sqe const& entry) noexcept;
/// Its memory.
[[nodiscard]] std::span<::iovec const> memory_of(::msghdr const& header) noexcept;

/// 0, or what the kernel says of a header that is to be copied: EFAULT, EMSGSIZE, EINVAL.
[[nodiscard]] std::int32_t check_header(std::uint64_t address) noexcept;
/// Copies the header, its iovecs and, of a message to send, its name. The caller's header is then
/// at addr2, which is 0 before.
[[nodiscard]] bool keep_header(request& r, bool with_name) noexcept;

/// Copies the array of iovecs at sqe.addr.
[[nodiscard]] bool keep_vector(request& r) noexcept;

} // namespace rondo::engine::emulation
