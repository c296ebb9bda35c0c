// SPDX-License-Identifier: MIT
#pragma once

// What an echo server is measured with: many connections, and a process of its own that keeps each
// of them busy. One thread.

#include <rondo/core/fd.hpp>

#include <cstddef>
#include <span>
#include <sys/types.h>
#include <vector>

namespace bench {

/// Unix stream sockets to a child process. From start() on, and for a quarter of a second, it has
/// one message of 64 bytes in flight on each of them; when all have come back it closes them. If it
/// is stuck, an alarm ends it.
class echo_load {
public:
    static constexpr std::size_t connections = 256;

    echo_load();
    echo_load(echo_load&&) = delete;
    /// Ends the connections, and with them the child.
    ~echo_load();

    [[nodiscard]] std::span<rondo::unique_fd const> sockets() const { return near_; }
    void start() { start_.reset(); }
    /// Waits for the child. Throws if what came back was not what was sent.
    void finish();

private:
    std::vector<rondo::unique_fd> near_;
    rondo::unique_fd start_;
    ::pid_t child_ = -1;
};

} // namespace bench
