// SPDX-License-Identifier: MIT
#pragma once

// Requests of socket operations without a ring: checked, attempted and kept by the test itself.
// One thread.

#include <engine/emulated/families.hpp>
#include <engine/emulated/request.hpp>

#include <rondo/abi/socket.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/op/operation.hpp>

#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cstdint>
#include <utility>

namespace rondo::engine::emulation {

using kind = outcome::kind;

/// A request as the ring makes it of an entry.
struct lone_request : request {
    template <op::operation Op>
    explicit lone_request(Op const& o) {
        op::fill(sqe(), o, 1);
        find();
    }
    explicit lone_request(abi::sqe const& s) {
        sqe() = s;
        find();
    }

    [[nodiscard]] std::int32_t check() const { return what->check(sqe()); }
    outcome attempt() {
        outcome const how = what->attempt(*this, false);
        EXPECT_EQ(how.events != 0, how.what == kind::poll);
        return how;
    }
    outcome attempt_on_worker() { return what->attempt(*this, true); }
    [[nodiscard]] bool keep() { return what->keep == nullptr || what->keep(*this); }
    /// As the ring wakes it.
    [[nodiscard]] bool becomes_ready(outcome const& how) {
        ::pollfd set{fd, static_cast<short>(how.events), 0};
        if (::poll(&set, 1, 5000) != 1)
            return false;
        seen_events = static_cast<std::uint16_t>(set.revents);
        return true;
    }

private:
    void find() {
        auto const code = static_cast<abi::opcode>(sqe().opcode);
        what = find_socket(code);
        if (what == nullptr)
            what = find_message(code);
        EXPECT_NE(what, nullptr);
        fd = sqe().fd;
    }
};

/// An attempt that shall be over at once, by this answer.
inline void expect_answer(outcome const& how, std::int32_t res, std::uint32_t flags = 0) {
    EXPECT_EQ(how.what, kind::done);
    EXPECT_EQ(how.res, res);
    EXPECT_EQ(how.flags, flags);
}

/// Two connected UDP sockets.
inline std::pair<unique_fd, unique_fd> udp_pair() {
    unique_fd one = test::bound_socket(SOCK_DGRAM), other = test::bound_socket(SOCK_DGRAM);
    ::sockaddr_in a = test::name_of(one), b = test::name_of(other);
    test::must(::connect(one.get(), test::address_of(b), sizeof b), "connect");
    test::must(::connect(other.get(), test::address_of(a), sizeof a), "connect");
    return {std::move(one), std::move(other)};
}

/// An open file that is no socket.
inline unique_fd const& no_socket() {
    static unique_fd const root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return root;
}

inline constexpr std::uint32_t nonempty = 1u << 2; // cqe_flag::sock_nonempty

inline bool is_nonblocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

} // namespace rondo::engine::emulation
