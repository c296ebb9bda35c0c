// SPDX-License-Identifier: MIT
// Multishot receives that have slept once: whatever was there when they were woken is told of,
// though no edge tells of it again.
#include <support/buffer_group.hpp>
#include <support/sockets.hpp>

#include <rondo/op/receive.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace rondo {
namespace {

using namespace test;

class emulated_receive_stream : public ::testing::Test {
protected:
    /// A stream that waits in the poller, since nothing has come yet.
    void start(unique_fd const& fd) {
        ASSERT_TRUE(ring_.push(op::recv_stream{.fd = fd, .into = buffers_.source()}, 1));
        ring_.submit_and_wait(0, std::chrono::seconds(0)).or_throw("submit");
        abi::cqe unexpected{};
        ASSERT_FALSE(ring_.pop(unexpected));
    }
    /// The next answer, or -ETIME when none comes within two seconds.
    std::int32_t next() {
        abi::cqe c{};
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        while (!ring_.pop(c)) {
            if (std::chrono::steady_clock::now() > until)
                return -ETIME;
            static_cast<void>(ring_.submit_and_wait(1, std::chrono::milliseconds(100)));
        }
        return c.res;
    }

    ring ring_ = ring::create({.entries = 8, .engine = engine::emulated}).or_throw("ring");
    buffer_group buffers_{ring_, 1};
};

TEST_F(emulated_receive_stream, tells_of_an_end_that_came_with_the_last_bytes) {
    std::array pairs{tcp_pair(), unix_pair()};
    for (auto& [here, there] : pairs) {
        start(here);
        send_text(there, "abc");
        there.reset();
        EXPECT_EQ(next(), 3);
        EXPECT_EQ(next(), 0);
    }
}

TEST_F(emulated_receive_stream, tells_of_an_end_of_sending_that_came_with_the_last_bytes) {
    auto [here, there] = tcp_pair();
    start(here);
    send_text(there, "abc");
    ASSERT_EQ(::shutdown(there.get(), SHUT_WR), 0);
    EXPECT_EQ(next(), 3);
    EXPECT_EQ(next(), 0);
}

TEST_F(emulated_receive_stream, tells_of_bytes_behind_urgent_ones) {
    auto [here, there] = tcp_pair();
    start(here);
    send_text(there, "abc");
    ASSERT_EQ(::send(there.get(), "!", 1, MSG_OOB), 1);
    send_text(there, "defg");
    EXPECT_EQ(next(), 3);
    EXPECT_EQ(next(), 4);
}

TEST_F(emulated_receive_stream, tells_of_bytes_behind_a_descriptor_that_was_sent) {
    auto [here, there] = unix_pair();
    start(here);
    char text[] = "abc";
    ::iovec part{text, 3};
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    ::msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ::cmsghdr* const first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int));
    int const sent = there.get();
    std::memcpy(CMSG_DATA(first), &sent, sizeof sent);
    ASSERT_EQ(::sendmsg(there.get(), &header, 0), 3);
    send_text(there, "defg");
    EXPECT_EQ(next(), 3);
    EXPECT_EQ(next(), 4);
}

TEST_F(emulated_receive_stream, tells_of_bytes_that_come_after_a_short_count) {
    std::array pairs{tcp_pair(), unix_pair()};
    for (auto& [here, there] : pairs) {
        start(here);
        for (std::string_view const text : {"a", "bc"}) {
            send_text(there, text);
            EXPECT_EQ(next(), static_cast<std::int32_t>(text.size()));
        }
    }
}

} // namespace
} // namespace rondo
