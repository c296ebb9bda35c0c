// SPDX-License-Identifier: MIT
#pragma once

// unique_fd owns a file descriptor and closes it. Not synchronised: one thread at a time.

#include <utility>

namespace rondo {

/// close(2), its error dropped: for destructors. Use ring.run(op::close{}) where errors count.
void close_descriptor(int fd) noexcept;

/// A file descriptor, or none (-1). Move-only.
class unique_fd {
public:
    constexpr unique_fd() noexcept = default;
    /// Takes `fd` over; it is closed here and nowhere else.
    explicit constexpr unique_fd(int fd) noexcept : fd_(fd) {}
    constexpr unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~unique_fd() { reset(); }

    /// The number, still owned by this object; -1 for none.
    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return fd_ >= 0; }

    /// Gives the descriptor away: the caller closes it.
    [[nodiscard]] constexpr int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what is held and holds `fd` instead.
    void reset(int fd = -1) noexcept {
        int const old = std::exchange(fd_, fd);
        if (old >= 0)
            close_descriptor(old);
    }

private:
    int fd_ = -1;
};

} // namespace rondo
