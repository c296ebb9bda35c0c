// SPDX-License-Identifier: MIT

// What operations of sockets and time say of the caller's memory: the ring checks it, and lends it
// to the kernel, by that.

#include <rondo/op/command.hpp>
#include <rondo/op/message.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <ostream>
#include <vector>

namespace rondo {
namespace {

using op::access;

struct piece {
    void const* data;
    std::size_t size;
    access how;

    friend bool operator==(piece const&, piece const&) = default;
    friend std::ostream& operator<<(std::ostream& out, piece const& p) {
        return out << p.size << " bytes at " << p.data << ", access " << static_cast<int>(p.how);
    }
};
using pieces = std::vector<piece>;

template <class Op>
pieces memory_of(Op const& o) {
    pieces out;
    o.memory([&](void const* p, std::size_t n, access how) { out.push_back({p, n, how}); });
    return out;
}

std::array<char, 8> bytes{};
::sockaddr_in address{};
auto* const name = reinterpret_cast<::sockaddr*>(&address);

TEST(op_memory, of_a_send_is_read_and_its_address_only_until_it_is_submitted) {
    EXPECT_EQ(memory_of(op::send{.fd = 1, .from = bytes}),
              (pieces{{bytes.data(), 8, access::reads}}));
    EXPECT_EQ(memory_of(op::send_zc{.fd = 1, .from = bytes, .to = name, .to_size = sizeof address}),
              (pieces{{bytes.data(), 8, access::reads},
                      {name, sizeof address, access::reads_until_submitted}}));
    std::array const parts{::iovec{bytes.data(), 3}, ::iovec{bytes.data() + 4, 2}};
    EXPECT_EQ(memory_of(op::send{.fd = 1, .from = parts}),
              (pieces{{parts.data(), sizeof parts, access::reads_until_submitted},
                      {bytes.data(), 3, access::reads},
                      {bytes.data() + 4, 2, access::reads}}));
}

TEST(op_memory, of_a_receive_is_written_unless_the_kernel_chooses_it) {
    EXPECT_EQ(memory_of(op::recv{.fd = 1, .into = bytes}),
              (pieces{{bytes.data(), 8, access::writes}}));
    EXPECT_EQ(memory_of(op::recv{.fd = 1, .into = buffer_source{}}), pieces{});
}

TEST(op_memory, of_addresses) {
    pieces const until_submitted{{name, sizeof address, access::reads_until_submitted}};
    EXPECT_EQ(memory_of(op::bind{.fd = 1, .address = name, .size = sizeof address}),
              until_submitted);
    EXPECT_EQ(memory_of(op::connect{.fd = 1, .address = name, .size = sizeof address}),
              until_submitted);
    ::socklen_t size = sizeof address;
    pieces const out{{name, sizeof address, access::reads}, {&size, sizeof size, access::reads}};
    EXPECT_EQ(memory_of(op::accept{.fd = 1, .address = name, .size = &size}), out);
    EXPECT_EQ(memory_of(op::getsockname{.fd = 1, .address = name, .size = &size}), out);
    EXPECT_EQ(memory_of(op::accept{.fd = 1}), pieces{});
}

TEST(op_memory, of_messages_is_that_of_all_their_parts) {
    std::array parts{::iovec{bytes.data(), 8}};
    alignas(::cmsghdr) std::array<char, 32> control{};
    ::msghdr m{};
    m.msg_name = name;
    m.msg_namelen = sizeof address;
    m.msg_iov = parts.data();
    m.msg_iovlen = parts.size();
    m.msg_control = control.data();
    m.msg_controllen = control.size();
    EXPECT_EQ(memory_of(op::sendmsg{.fd = 1, .message = &m}),
              (pieces{{&m, sizeof m, access::reads_until_submitted},
                      {name, sizeof address, access::reads_until_submitted},
                      {control.data(), control.size(), access::reads},
                      {parts.data(), sizeof parts, access::reads_until_submitted},
                      {bytes.data(), 8, access::reads}}));
    pieces const received{{&m, sizeof m, access::reads},
                          {name, sizeof address, access::reads},
                          {control.data(), control.size(), access::reads}};
    EXPECT_EQ(memory_of(op::recvmsg{.fd = 1, .message = &m, .into = buffer_source{}}), received);
    pieces scattered = received;
    scattered.push_back({parts.data(), sizeof parts, access::reads_until_submitted});
    scattered.push_back({bytes.data(), 8, access::writes});
    EXPECT_EQ(memory_of(op::recvmsg{.fd = 1, .message = &m}), scattered);
    EXPECT_EQ(memory_of(op::recvmsg_stream{.fd = 1, .like = &m, .into = {}}),
              (pieces{{&m, sizeof m, access::reads_until_submitted}}));
}

TEST(op_memory, of_timeouts_is_their_own) {
    op::timeout const o{.when = std::chrono::seconds(1)};
    EXPECT_EQ(memory_of(o), (pieces{{&o, sizeof(abi::timespec), access::reads_until_submitted}}));
    auto const modified = op::async(o);
    EXPECT_EQ(memory_of(modified),
              (pieces{{&modified.inner, sizeof(abi::timespec), access::reads_until_submitted}}));
    EXPECT_EQ(memory_of(op::timeout{.when = op::immediate(std::chrono::seconds(1))}), pieces{});
}

TEST(op_memory, of_epoll_operations) {
    std::array<::epoll_event, 2> events{};
    EXPECT_EQ(memory_of(op::epoll_wait{.fd = 1, .events = events}),
              (pieces{{events.data(), sizeof events, access::writes}}));
    EXPECT_EQ(memory_of(op::epoll_ctl{
                  .epoll = 1, .fd = 2, .action = EPOLL_CTL_ADD, .event = events.data()}),
              (pieces{{events.data(), sizeof events[0], access::reads_until_submitted}}));
    EXPECT_EQ(memory_of(op::epoll_ctl{.epoll = 1, .fd = 2, .action = EPOLL_CTL_DEL}), pieces{});
}

} // namespace
} // namespace rondo
