// SPDX-License-Identifier: MIT
#pragma once

// What all sockets of the simulated system have in common. Calls may throw std::bad_alloc, but for
// the noexcept ones. One thread.

#include "object.hpp"
#include "socket_address.hpp"
#include "socket_options.hpp"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rondo::engine::simulation {

class world;

/// What recvmsg(2) tells beside the bytes.
struct reception {
    socket_address from;
    bool has_name = false;
    int flags = 0; ///< MSG_TRUNC
};

/// The bits of shutdown(2), as Linux has them inside.
inline constexpr unsigned shut_receive = 1, shut_send = 2, shut_both = 3;

/// See the top of this file.
class socket : public object {
public:
    socket(world& w, int domain, int style, int protocol) noexcept
        : world_(w), options_(domain, protocol), domain_(domain), style_(style),
          protocol_(protocol) {}

    [[nodiscard]] char const* kind() const noexcept override;
    [[nodiscard]] ::mode_t type() const noexcept override { return S_IFSOCK; }
    long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept override;
    long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept override;
    void opened(open_file const&) noexcept override { ++open_; }
    void closed(open_file const&) noexcept override;

    // The system calls of their names.

    virtual long bind(socket_address const& to) = 0;
    virtual long listen(int backlog);
    virtual long connect(socket_address const& to) = 0;
    /// The next connection, which stays the next until accepted() is called.
    virtual long accept(std::shared_ptr<socket>& out);
    virtual void accepted() noexcept {}
    /// `shut` are bits of shut_both.
    virtual long shutdown(unsigned shut) noexcept = 0;
    /// `to` is null when none was given. Flags are those of send(2) and recv(2).
    virtual long send(parts from, int flags, socket_address const* to) = 0;
    virtual long receive(parts into, int flags, reception& about) = 0;
    /// getsockname(2) and getpeername(2).
    [[nodiscard]] socket_address const& name() const noexcept { return local_; }
    /// Whom it is or was connected to.
    [[nodiscard]] socket_address const& remote() const noexcept { return remote_; }
    virtual long peer_name(socket_address& out) const = 0;
    long get_option(int level, int name, long at, long length_at) noexcept;
    long set_option(int level, int name, long at, int bytes);
    /// ioctl(2) SIOCOUTQ: bytes that the other side has not taken.
    [[nodiscard]] virtual long unsent_bytes() const noexcept { return 0; }

    [[nodiscard]] int domain() const noexcept { return domain_; }
    [[nodiscard]] int style() const noexcept { return style_; } ///< SOCK_STREAM, ...
    [[nodiscard]] int protocol() const noexcept { return protocol_; }
    [[nodiscard]] bool is_open() const noexcept { return !left_; }

protected:
    /// The last description is closed. The object may live on for a while.
    virtual void left() noexcept = 0;
    [[nodiscard]] virtual bool is_listening() const noexcept { return false; }
    /// 0: the option may be set now.
    virtual long before_option(int level, int name) const noexcept;
    /// An option has another value.
    virtual void after_option() noexcept {}

    /// SO_ERROR, which asking clears.
    [[nodiscard]] int take_error() noexcept;
    /// A line of the trace about this socket.
    void note(char const* what) noexcept;
    void note(char const* what, std::size_t bytes) noexcept;

    world& world_;
    socket_options options_;
    socket_address local_{};
    socket_address remote_{};
    int error_ = 0;     ///< SO_ERROR
    unsigned shut_ = 0; ///< bits of shut_both

private:
    int domain_;
    int style_;
    int protocol_;
    int open_ = 0; // descriptions
    bool left_ = false;
};

/// The socket of a descriptor; null, with -EBADF or -ENOTSOCK in `failure`.
[[nodiscard]] std::shared_ptr<socket> find_socket(world& w, long fd, long& failure) noexcept;

} // namespace rondo::engine::simulation
