// SPDX-License-Identifier: MIT
#pragma once

// vectored_descriptor: an open file of any kind, to gather from and scatter into until all is done.
// What vectored_writer, vectored_reader and the functions beside them stand on. It borrows the
// descriptor. One thread at a time.

#include <rondo/core/duration.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>
#include <rondo/ring/call_deadline.hpp>

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo {

class shared_ring;

/// How vectored transfers are made.
struct vectored_options {
    /// The ring for what does not go by plain calls; it outlives the object. Null: default_ring().
    shared_ring* on = nullptr;
    /// Bytes from the file's start, where the first transfer begins and from where later ones go
    /// on; the file's own offset stays. op::current_position: that offset, which moves on.
    std::uint64_t at = op::current_position;
    /// Until when each flush, fill or call may take. In a duration: from its own beginning.
    deadline within = {};
    /// A deadline that other threads may move meanwhile, instead of `within`; it outlives the
    /// object. Null: none.
    call_deadline* until = nullptr;
    /// Pieces that a vectored_writer gathers before it flushes by itself. More than IOV_MAX (1024)
    /// go to the kernel in several calls. At least 1.
    std::size_t limit = 1024;
};

/// Streams and connections: what has a descriptor and keeps it.
template <class T>
concept descriptor_owner = requires(T const& t) {
    { t.native_handle() } -> std::same_as<int>;
};

namespace detail {

/// T::create of what `of` has: a call that is looked into only where it is made.
template <class T, descriptor_owner Owner>
auto create_on(Owner const& of, auto const& options) noexcept {
    return T::create(fd_ref(of.native_handle()), options);
}

} // namespace detail

/// See the top of this file. A value.
///
/// A blocking transfer on a regular file without a deadline is the plain system call, as a ring
/// cannot win there; all else goes through the ring. Sockets are written to by sendmsg(2) with
/// MSG_NOSIGNAL; a pipe without a reader raises SIGPIPE before it answers EPIPE: ignore the signal.
/// Where a non-blocking file says EAGAIN, it is waited for.
class vectored_descriptor {
public:
    /// Looks at what `fd` is; it must stay open. EBADF; EPROTOTYPE for sockets that keep the bounds
    /// of messages, which cannot be resumed in the middle; with a position ESPIPE where there are
    /// none, and EINVAL beyond 2^63.
    [[nodiscard]] static result<vectored_descriptor> examine(
        fd_ref fd, vectored_options const& options) noexcept;

    /// Writes all of `parts`. What has been written is taken off them, also when it fails, and
    /// added to `done`; the first may be cut. ETIME by the deadline.
    result<> write(std::span<::iovec>& parts, std::size_t& done) noexcept;
    /// Fills all of `parts`, likewise. Parts that are left after success: the input has ended.
    result<> read(std::span<::iovec>& parts, std::size_t& done) noexcept;

private:
    enum class kind : std::uint8_t { regular, socket, other };

    vectored_descriptor() noexcept = default;
    template <class Transfer>
    result<> move_all(std::span<::iovec>& parts, std::size_t& done, bool reading,
                      Transfer transfer) noexcept;
    template <class Op>
    result<std::size_t> run(Op const& o, std::uint32_t events, call_deadline* until) noexcept;
    result<std::size_t> write_some(iovecs parts, call_deadline* until) noexcept;
    result<std::size_t> read_some(iovecs parts, call_deadline* until) noexcept;

    shared_ring* on_ = nullptr;
    call_deadline* until_ = nullptr;
    deadline within_;
    std::uint64_t at_ = op::current_position;
    int fd_ = -1;
    kind kind_ = kind::other;
    bool appends_ = false;
};

} // namespace rondo
