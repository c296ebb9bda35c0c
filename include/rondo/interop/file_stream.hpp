// SPDX-License-Identifier: MIT
#pragma once

// file_stream: an open file as reader, writer, seeker and closer, blocking, over a ring.
//
//     auto file = file_stream::open("log", O_RDWR | O_CREAT | O_APPEND).or_throw("log");
//     file.write_all(line).or_throw("log");
//     auto n = file.read_at(buffer, 0);
//
// Opening, closing, syncing, and transfers on pipes, sockets, terminals and devices go through the
// ring. A blocking transfer on a regular file is the plain system call: there a ring cannot win, as
// the kernel hands most buffered writes to a worker thread.
//
// Over a shared_ring, or none given, any threads may read and write one stream at the same time, as
// they may one descriptor: each call moves the shared offset by what it moved. Moving, closing and
// destroying are for when no other thread is inside. Over a ring of one thread it is that thread's.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/interop/any_ring.hpp>

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rondo {

/// What an offset of file_stream::seek counts from.
enum class seek_from : std::uint8_t { start, current, end };

/// See the top of this file. Move-only. The shared offset is that of the open file, so a duplicate
/// of the descriptor, or another process that has it, moves it too.
///
/// Every function but adopt() fails with EBADF and attempt::use_closed after close() or a move.
class file_stream {
public:
    /// open(2) with O_CLOEXEC. `on` outlives the stream and stays where it is; `path` is needed for
    /// the call only; `permissions`, less the umask, are for a file that is created. A fifo is
    /// waited for as open(2) does it. Linux 5.6
    [[nodiscard]] static result<file_stream> open(any_ring on, char const* path,
                                                  int flags = O_RDONLY,
                                                  ::mode_t permissions = 0666) noexcept;
    /// The same over default_ring().
    [[nodiscard]] static result<file_stream> open(char const* path, int flags = O_RDONLY,
                                                  ::mode_t permissions = 0666) noexcept;

    /// Takes over an open file and goes on at its offset; a non-blocking one is waited for where it
    /// says EAGAIN. When adoption fails, `fd` is closed. EPROTOTYPE for sockets that keep the
    /// bounds of messages: an empty message could not be told from the end.
    [[nodiscard]] static result<file_stream> adopt(any_ring on, unique_fd fd) noexcept;
    [[nodiscard]] static result<file_stream> adopt(unique_fd fd) noexcept;

    /// read(2) at the shared offset, which moves on. Fewer bytes than asked for are no error.
    ///
    /// 0 says the file has ended, and nothing else does, but for an empty `into`, which does not
    /// touch the file; at_end() tells the two apart. The count stays the plain one of read(2), as
    /// the standard streams have it too, so that sums and comparisons need no unwrapping.
    result<std::size_t> read(mutable_bytes into) noexcept;
    /// The last read at the shared offset found the end of the file. Cleared by whatever moves or
    /// extends: seek() and the writes. Positional calls leave it alone. Between threads it is that
    /// of any of them.
    [[nodiscard]] bool at_end() const noexcept { return load_relaxed(&at_end_); }

    /// write(2) at the shared offset, which moves on; at the end of the file with O_APPEND. May
    /// write less than all. EPIPE comes with SIGPIPE: ignore the signal.
    result<std::size_t> write(const_bytes from) noexcept;

    /// pread(2) at `at` bytes from the start: the shared offset stays. 0 is the end of the file, or
    /// an empty `into`. ESPIPE where there are no positions.
    result<std::size_t> read_at(mutable_bytes into, std::uint64_t at) noexcept;
    /// pwrite(2), as read_at(). With O_APPEND too it writes where it was told, which needs Linux
    /// 6.9; EOPNOTSUPP before.
    result<std::size_t> write_at(const_bytes from, std::uint64_t at) noexcept;

    /// Reads until `into` is full or the file has ended: fewer bytes mean the end. Resumes short
    /// reads and reads more than 2 GiB in parts. error::detail() counts the bytes read before a
    /// failure; the shared offset is behind them.
    result<std::size_t> read_exactly(mutable_bytes into) noexcept;
    /// Appends all that is left of the file to `out` and returns how many bytes. A failure leaves
    /// in `out` what was read before it, counted by error::detail(). ENOMEM with attempt::allocate
    /// when `out` cannot grow.
    result<std::size_t> read_to_end(std::string& out) noexcept;
    result<std::size_t> read_to_end(std::vector<std::byte>& out) noexcept;
    /// Writes all of `from`, resuming short writes and in parts above 2 GiB. error::detail() counts
    /// the bytes written before a failure.
    result<> write_all(const_bytes from) noexcept;

    /// lseek(2). Returns the new shared offset in bytes from the start, which may lie behind the
    /// end. ESPIPE for pipes, sockets and terminals, EINVAL for a place before the start.
    result<std::uint64_t> seek(std::int64_t offset, seek_from from = seek_from::start) noexcept;
    /// Bytes in a regular file, or on a block device (BLKGETSIZE64). ESPIPE for what has no size.
    [[nodiscard]] result<std::uint64_t> size() const noexcept;
    /// fsync(2), or fdatasync(2) with abi::fsync_flag::datasync: to the disk, and reports what
    /// earlier writes could not.
    result<> sync(abi::fsync_flag flags = {}) noexcept;

    /// close(2). The stream is closed whatever it says; an error (EIO, ENOSPC, EDQUOT) means that
    /// data written earlier may be lost. The destructor closes too, and cannot tell.
    result<> close() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(fd_); }
    /// The descriptor, still owned by this object; -1 when closed.
    [[nodiscard]] int native_handle() const noexcept { return fd_.get(); }

private:
    enum class kind : std::uint8_t { regular, block_device, other };

    file_stream(any_ring on, unique_fd fd) noexcept : ring_(on), fd_(std::move(fd)) {}
    result<> examine() noexcept;
    template <class Op>
    result<std::size_t> wait_for(Op const& o, std::uint32_t events) noexcept;
    result<> fill(mutable_bytes into, std::size_t& filled) noexcept;
    template <class Container>
    result<std::size_t> append_rest(Container& out) noexcept;
    [[nodiscard]] std::size_t size_of_rest() const noexcept;

    any_ring ring_;
    unique_fd fd_;
    kind kind_ = kind::other;
    bool has_positions_ = false;
    bool appends_ = false;
    bool at_end_ = false; // of whoever read last: a hint where threads share the stream
};

} // namespace rondo
