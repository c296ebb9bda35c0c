// SPDX-License-Identifier: MIT
#pragma once

// A descriptor of the engine's own: as unique_fd, but closed by whoever answers the engine's system
// calls. One thread at a time.

#include "calls.hpp"

#include <rondo/core/fd.hpp>

#include <utility>

namespace rondo::engine::emulation {

/// See the top of this file. Move-only.
class held_fd {
public:
    held_fd() noexcept = default;
    explicit held_fd(int fd) noexcept : fd_(fd) {}
    /// Takes over what the program owned.
    held_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    held_fd(held_fd&& other) noexcept : fd_(other.release()) {}
    held_fd& operator=(held_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~held_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    /// Closes what is held and holds `fd` instead.
    void reset(int fd = -1) noexcept {
        int const old = std::exchange(fd_, fd);
        if (old >= 0)
            call(SYS_close, old);
    }

private:
    int fd_ = -1;
};

} // namespace rondo::engine::emulation
