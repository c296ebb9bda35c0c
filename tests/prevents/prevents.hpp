// SPDX-License-Identifier: MIT
#pragma once

// What the tests of traps that others fell into start from: loops of every size, on whoever runs
// rings here and on simulations, and shorthands for both. One thread.

#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>
#include <support/simulations.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <utility>

namespace rondo::test {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using testing::explore;
using testing::findings;

/// Queues of exactly these sizes; 0 completions: twice as many as entries.
inline loop_options sized(std::uint32_t entries, std::uint32_t completions = 0) {
    loop_options out{.grows = false};
    out.ring.entries = entries;
    out.ring.cq_entries = completions;
    return out;
}
inline loop loop_on(simulation& s, loop_options options = {}) {
    options.ring.backend = &s.backend();
    return loop::create(options).or_throw("loop");
}
inline loop loop_here(loop_options const& options = {}) {
    return loop::create(options).or_throw("loop");
}

/// Some time below half a millisecond, which differs from call to call and from seed to seed.
inline microseconds a_while(simulation const& s, std::uint64_t which) {
    std::uint64_t const mixed = (s.seed() * 0x9e37'79b9u + which * 0x85eb'ca6bu) >> 7;
    return microseconds(1 + mixed % 500);
}

/// Bytes that wait to be read.
inline int unread(int fd) {
    int n = -1;
    EXPECT_EQ(::ioctl(fd, FIONREAD, &n), 0);
    return n;
}
inline bool is_untouched(std::span<char const> memory) {
    return std::string_view(memory.data(), memory.size()).find_first_not_of('#') ==
           std::string_view::npos;
}

template <op::operation Op>
task<result<typename Op::value_type>> one(Op o) {
    co_return co_await o;
}

/// A name for unix sockets.
struct socket_name {
    ::sockaddr_un at{};
    socket_name() {
        at.sun_family = AF_UNIX;
        at.sun_path[1] = 'p';
    }
    [[nodiscard]] ::sockaddr const* address() const noexcept {
        return reinterpret_cast<::sockaddr const*>(&at);
    }
};
inline task<unique_fd> simulated_socket() {
    auto made = co_await op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM};
    co_return std::move(made).or_throw("socket");
}
inline task<unique_fd> simulated_listener(socket_name const& name) {
    unique_fd out = co_await simulated_socket();
    (co_await op::bind{.fd = out, .address = name.address(), .size = sizeof name.at})
        .or_throw("bind");
    (co_await op::listen{.fd = out}).or_throw("listen");
    co_return out;
}
inline task<unique_fd> simulated_client(socket_name const& name) {
    unique_fd out = co_await simulated_socket();
    (co_await op::connect{.fd = out, .address = name.address(), .size = sizeof name.at})
        .or_throw("connect");
    co_return out;
}

} // namespace rondo::test
