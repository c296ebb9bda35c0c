// SPDX-License-Identifier: MIT
#pragma once

// What is so of a socket, asked of the kernel, and making one non-blocking for a moment. Nothing
// here blocks. Any thread.

#include <cstdint>
#include <mutex>

namespace rondo::engine::emulation {

/// An option of SOL_SOCKET that is a number; -ENOTSOCK, -EBADF.
[[nodiscard]] long socket_option(int fd, int name) noexcept;

/// True if a transfer may be done in parts: one that falls short goes on where it ended.
[[nodiscard]] bool transfers_in_parts(int fd) noexcept;

/// True if the kernel sends from this socket without copying.
[[nodiscard]] bool sends_without_copy(int fd) noexcept;

/// What the kernel counts as left to receive in a socket.
enum class inflow : std::uint32_t {
    unknown,    ///< not asked yet
    untold,     ///< nothing: datagrams, records and the like
    tcp,        ///< bytes and the end, all that makes it readable
    unix_bytes, ///< bytes
};

/// Never `unknown`.
[[nodiscard]] inflow inflow_of(int fd) noexcept;

/// True if a stream has bytes left to receive, whether or not it has come to its end.
[[nodiscard]] bool has_bytes(int fd) noexcept;

/// Lets a socket be non-blocking as long as the object lives. The flag is that of the open file,
/// which other descriptors, threads and processes may share: they see it for the moment of one
/// system call. There is no other way: accept4(2) and connect(2) have no flag like MSG_DONTWAIT.
class nonblocking_moment {
public:
    explicit nonblocking_moment(int fd) noexcept;
    nonblocking_moment(nonblocking_moment const&) = delete;
    nonblocking_moment& operator=(nonblocking_moment const&) = delete;
    ~nonblocking_moment();

    /// It is non-blocking by its owner's will.
    [[nodiscard]] bool was_nonblocking() const noexcept { return was_nonblocking_; }

private:
    std::unique_lock<std::mutex> turn_;
    int fd_;
    bool was_nonblocking_ = false;
    bool changed_ = false;
};

} // namespace rondo::engine::emulation
