// SPDX-License-Identifier: MIT
#pragma once

// The options of one socket that are only kept, and read back as Linux would: socket(7), tcp(7),
// ip(7), ipv6(7). One thread per object.

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class socket_options {
public:
    socket_options(int domain, int protocol) noexcept : domain_(domain), protocol_(protocol) {}

    /// getsockopt(2) and setsockopt(2): 0, -ENOPROTOOPT, -EOPNOTSUPP, -EINVAL, -EFAULT. Setting
    /// throws std::bad_alloc.
    long get(int level, int name, long at, long length_at) const noexcept;
    long set(int level, int name, long at, int bytes);

    /// As it was set, or is by default; 0 for what is none.
    [[nodiscard]] int value(int level, int name) const noexcept;
    [[nodiscard]] bool is_on(int name) const noexcept { return value(SOL_SOCKET, name) != 0; }
    [[nodiscard]] std::size_t send_bytes() const noexcept;
    [[nodiscard]] std::size_t receive_bytes() const noexcept;
    /// SO_LINGER with a time of 0: closing resets.
    [[nodiscard]] bool resets_on_close() const noexcept;

private:
    struct kept {
        int level;
        int name;
        std::size_t bytes;
        std::array<std::byte, 16> what;
    };

    [[nodiscard]] kept const* find(int level, int name) const noexcept;
    [[nodiscard]] long check_level(int level) const noexcept;

    int domain_;
    int protocol_;
    std::vector<kept> kept_;
};

/// Writes the value of an option where getsockopt(2) wants it.
long put_option(void const* value, std::size_t bytes, long at, long length_at) noexcept;

} // namespace rondo::engine::simulation
