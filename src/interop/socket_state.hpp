// SPDX-License-Identifier: MIT
#pragma once

// socket_state: what listeners, connections and datagram sockets share. It counts the calls that
// use the descriptor, so that closing can end them, wait for them, and close a number that no
// operation has any more. Any thread, but for the destructor.

#include <rondo/core/fd.hpp>
#include <rondo/core/futex.hpp>
#include <rondo/core/result.hpp>
#include <rondo/interop/endpoint.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/ring/call_deadline.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace rondo {

/// See the top of this file.
class socket_state {
public:
    socket_state(shared_ring& on, unique_fd fd, network_kind kind) noexcept
        : ring(on), network(kind), fd_(fd.release()) {}
    socket_state(socket_state&&) = delete;
    /// Closes, if that was not done.
    ~socket_state();

    /// Makes one. ENOMEM, and then the descriptor is closed.
    [[nodiscard]] static result<std::unique_ptr<socket_state>> create(shared_ring& on, unique_fd fd,
                                                                      network_kind kind) noexcept;

    /// The descriptor, in use until this object ends; or closed, and then it is none.
    class use {
    public:
        explicit use(socket_state* of) noexcept
            : state_(of != nullptr && of->enter() ? of : nullptr) {}
        use(use&&) = delete;
        ~use() {
            if (state_ != nullptr)
                state_->leave();
        }
        [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
        [[nodiscard]] int fd() const noexcept { return state_->fd_; }

    private:
        socket_state* state_;
    };

    /// Runs an operation on the descriptor, which the caller uses, until `limit`: at once when that
    /// has passed. Where a non-blocking socket is not ready for it, waits for `events`.
    template <class Op>
    result<typename Op::value_type> run(Op const& o, call_deadline& limit,
                                        std::uint32_t events) noexcept {
        for (;;) {
            if (has_passed(limit))
                return fail(ETIME, op::attempt_of<Op>);
            auto done = ring.run(o, limit);
            if (done || done.error() != EAGAIN || !is_non_blocking()) [[likely]]
                return done;
            auto const ready = ring.run(op::poll{.fd = fd_, .events = events}, limit);
            if (!ready)
                return fail(ready.error().code(), op::attempt_of<Op>, ready.error().why());
        }
    }

    /// Ends the calls that wait, waits until none uses the descriptor, and closes it. EBADF with
    /// attempt::use_closed the second time.
    result<> close() noexcept;
    /// -1 when it was closed.
    [[nodiscard]] int native_handle() const noexcept;
    /// getsockname(2), getpeername(2)
    [[nodiscard]] result<endpoint> name(int (*ask)(int, ::sockaddr*, ::socklen_t*)) noexcept;

    shared_ring& ring;
    network_kind const network;
    call_deadline reading; ///< of reads, receives and accepts
    call_deadline writing;

private:
    static constexpr std::uint32_t closed = std::uint32_t{1} << 31;

    [[nodiscard]] bool enter() noexcept;
    void leave() noexcept;
    [[nodiscard]] static bool has_passed(call_deadline const& limit) noexcept;
    [[nodiscard]] bool is_non_blocking() const noexcept;

    int const fd_;
    std::uint32_t users_ = 0; ///< calls that use the descriptor, and whether it was closed
};

/// What calls on a closed or moved-from object answer.
[[nodiscard]] inline std::unexpected<error> used_after_close() noexcept {
    return fail(EBADF, attempt::use_closed);
}

} // namespace rondo
