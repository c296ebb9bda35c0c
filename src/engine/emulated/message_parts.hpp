// SPDX-License-Identifier: MIT
#pragma once

// What sends and receives share: the memory that an attempt moves, where its flags are, and the
// message headers that are kept. One thread at a time per object.

#include "request.hpp"

#include <rondo/abi/socket.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rondo::engine::emulation {

/// What one transfer moves at most, whatever it asks for: the kernel's limit.
inline constexpr std::size_t most_bytes = 0x7fff'f000;

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

/// Bytes of some memory, most_bytes at most.
[[nodiscard]] std::size_t bytes_of(std::span<::iovec const> memory) noexcept;

/// Part of some memory: without its first bytes and at most so many.
class message_parts {
public:
    /// False: no memory.
    [[nodiscard]] bool assign(std::span<::iovec const> memory, std::uint64_t skip,
                              std::size_t most) noexcept;

    [[nodiscard]] std::span<::iovec> parts() noexcept { return {first_, count_}; }
    /// In all.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// To what a system call wants.
    void put_into(::msghdr& header) noexcept {
        header.msg_iov = first_;
        header.msg_iovlen = count_;
    }

private:
    std::array<::iovec, 8> few_;
    std::vector<::iovec> many_;
    ::iovec* first_ = few_.data();
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

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
