// SPDX-License-Identifier: MIT
#pragma once

// Accepts connections, hands each completion to its connection, and looks after the time. One
// thread.

#include "connection.hpp"

#include <rondo/core/fd.hpp>
#include <rondo/ring/ring.hpp>

#include <sys/signalfd.h>

#include <cstddef>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace web {

/// See the top of this file.
class server {
public:
    static constexpr std::size_t most_connections = 1000; ///< others wait to be accepted
    /// Of the ring: one operation and one cancel for each connection, and a few of the server's.
    static constexpr std::uint32_t entries = 2 * most_connections + 8;

    server(rondo::ring own, rondo::unique_fd listener, rondo::unique_fd root,
           rondo::unique_fd signals, std::chrono::seconds patience);

    /// Until a signal comes; then until the requests that have begun are answered, or until it
    /// takes too long or another signal comes.
    void run();

private:
    /// user_data of the server's own operations.
    enum : std::uint64_t { cancelling, accepting, signalling, first_connection };

    void accept();
    void accepted(int result);
    void read_signal();
    void stop();
    void finish(rondo::abi::cqe const& done);
    void look_at_the_time();

    rondo::unique_fd listener_, root_, signals_;
    ::signalfd_siginfo signal_{};
    site site_;
    std::unordered_map<std::uint64_t, std::unique_ptr<connection>> connections_;
    std::uint64_t next_id_ = first_connection;
    bool is_accepting_ = false;
    clock::time_point next_look_ = clock::now();
    clock::time_point give_up_ = clock::time_point::max();
    /// The last member, so the first to go: it waits until the kernel has let go of the others.
    rondo::ring ring_;
};

} // namespace web
