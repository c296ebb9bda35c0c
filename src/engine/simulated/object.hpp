// SPDX-License-Identifier: MIT
#pragma once

// What a descriptor of the simulated system stands for: a file, a directory, a pipe's end, a
// socket, an event counter, a poll set. Calls answer as Linux's system calls do, a value or minus
// an errno, and never wait: what would have to wait answers -EAGAIN. One thread.

#include <sys/stat.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rondo::engine::simulation {

class object;
class world;
struct watched;

/// An open file description: what dup(2) shares.
struct open_file {
    std::shared_ptr<object> what;
    int flags = 0;             ///< O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, ...
    std::int64_t position = 0; ///< in bytes, of what can be sought in
    /// Tells `what` that one description of it less is open.
    ~open_file();
};

/// Memory of one transfer, in order.
using parts = std::span<::iovec const>;
/// The file's own position, for `at`.
inline constexpr std::int64_t here = -1;

/// See the top of this file. What is not overridden answers as Linux does for the wrong kind.
class object : public std::enable_shared_from_this<object> {
public:
    object() = default;
    object(object const&) = delete;
    object& operator=(object const&) = delete;
    virtual ~object() = default;

    /// What traces call it: "file", "pipe", "tcp", ...
    [[nodiscard]] virtual char const* kind() const noexcept = 0;
    /// S_IFREG, S_IFIFO, ...; 0 for what has none, as an eventfd.
    [[nodiscard]] virtual ::mode_t type() const noexcept = 0;
    /// True for what epoll can watch: all but files and directories.
    [[nodiscard]] virtual bool is_pollable() const noexcept { return true; }
    /// EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM, EPOLLHUP, EPOLLRDHUP, EPOLLERR, ...: what `via`
    /// shows now.
    [[nodiscard]] virtual std::uint32_t ready(open_file const& via) const noexcept;

    /// preadv2(2) and pwritev2(2). `at` is here, or an offset (-ESPIPE for what has none). The
    /// description's access mode has been looked at already.
    virtual long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept;
    virtual long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept;
    /// statx(2) of what it is.
    virtual long describe(struct ::statx& out) const noexcept;
    /// ioctl(2) FIONREAD: bytes that can be read; -ENOTTY.
    [[nodiscard]] virtual long readable_bytes() const noexcept;

    /// One more, one less open description of it.
    virtual void opened(open_file const& via) noexcept { static_cast<void>(via); }
    virtual void closed(open_file const& via) noexcept { static_cast<void>(via); }

    /// To be called whenever something may have become ready: tells the poll sets that watch it.
    void changed() noexcept;

    /// Unique among all objects of its world, in the order they were made. Its inode number, too.
    std::uint64_t id = 0;
    std::vector<watched*> watchers; ///< the poll sets' own
};

/// Bytes of all parts.
[[nodiscard]] std::size_t bytes_of(parts all) noexcept;
/// Copies `bytes` bytes, or as many as there is room for, between parts and one piece of memory,
/// after the first `skip` bytes of the parts. Returns how many. Lent memory may be poisoned under
/// ASan: these do not care.
std::size_t copy_to(parts into, std::size_t skip, void const* from, std::size_t bytes) noexcept;
std::size_t copy_from(parts from, std::size_t skip, void* into, std::size_t bytes) noexcept;

} // namespace rondo::engine::simulation
