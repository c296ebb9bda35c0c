// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>
#include <rondo/ring/ring.hpp>

#include <support/buffer_group.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

namespace rondo {
namespace {

class op_recv : public test::ring_test {
protected:
    static std::string text(buffer_lease const& lease) {
        std::string out;
        for (std::size_t i = 0; i < lease.parts(); ++i)
            out.append(reinterpret_cast<char const*>(lease.part(i).data()), lease.part(i).size());
        return out;
    }
};

TEST_F(op_recv, receives_what_is_there) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    std::array<char, 16> memory{};
    EXPECT_EQ(ring_.run(op::recv{.fd = here, .into = memory}), 5u);
    EXPECT_EQ(std::string_view(memory.data(), 5), "hello");
}

TEST_F(op_recv, waits_for_what_is_not_there_yet) {
    auto const [here, there] = test::tcp_pair();
    std::array<char, 16> memory{};
    op::recv const o{.fd = here, .into = memory, .poll_first = true};
    ASSERT_TRUE(ring_.push(o, 1));
    ring_.submit().or_throw("submit");
    test::send_text(there, "late");
    EXPECT_EQ(op::value_of(o, next()), 4u);
}

TEST_F(op_recv, takes_the_flags_of_recv) {
    auto const [here, there] = test::tcp_pair();
    register_files({here.get()});
    fd_ref const slot = fd_ref::slot(0);
    std::array<char, 4> memory{};
    RONDO_EXPECT_ERROR(ring_.run(op::recv{.fd = slot, .into = memory, .flags = MSG_DONTWAIT}),
                       EAGAIN);
    test::send_text(there, "ab");
    EXPECT_EQ(ring_.run(op::recv{.fd = slot, .into = memory, .flags = MSG_PEEK}), 2u);
    test::send_text(there, "cd");
    EXPECT_EQ(ring_.run(op::recv{.fd = slot, .into = memory, .flags = MSG_WAITALL}), 4u);
    EXPECT_EQ(std::string_view(memory.data(), 4), "abcd");
}

TEST_F(op_recv, answers_0_when_the_peer_has_shut_down) {
    auto const [here, there] = test::tcp_pair();
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    std::array<char, 4> memory{};
    EXPECT_EQ(ring_.run(op::recv{.fd = here, .into = memory}), 0u);
}

TEST_F(op_recv, from_a_group_leases_the_buffer) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    test::send_text(there, "hello");
    {
        auto const lease = ring_.run(op::recv{.fd = here, .into = group.source()}).or_throw("recv");
        EXPECT_EQ(text(lease), "hello");
        EXPECT_EQ(group.lent(), 1);
    }
    EXPECT_EQ(group.lent(), 0);
}

TEST_F(op_recv, from_a_group_takes_no_more_than_the_limit) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    test::send_text(there, "hello");
    buffer_source source = group.source();
    source.limit = 2;
    EXPECT_EQ(text(*ring_.run(op::recv{.fd = here, .into = source})), "he");
}

TEST_F(op_recv, from_a_bundle_fills_several_buffers) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    // The kernel may leave the rest, which does not fill a buffer, to the next receive.
    std::string const sent = std::string(group.size, 'a') + std::string(group.size, 'b') + "c";
    test::send_text(there, sent);
    auto const lease =
        ring_.run(op::recv{.fd = here, .into = op::bundle{group.source()}}).or_throw("recv");
    EXPECT_GE(lease.parts(), 2u);
    EXPECT_EQ(text(lease), sent.substr(0, lease.size()));
}

TEST_F(op_recv, stream_leases_one_buffer_after_the_other_until_the_end) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    op::recv_stream const stream{.fd = here, .into = group.source()};
    ASSERT_TRUE(ring_.push(stream, 1));
    ring_.submit().or_throw("submit");
    for (std::string_view const word : {"one", "two", "three", "four", "five", "six"}) {
        test::send_text(there, word);
        abi::cqe const c = next();
        EXPECT_TRUE(more(c));
        EXPECT_EQ(text(*op::value_of(stream, c)), word);
        EXPECT_EQ(group.lent(), 0);
    }
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    abi::cqe const last = next();
    EXPECT_FALSE(more(last));
    auto const end = op::value_of(stream, last);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->size(), 0u);
}

TEST_F(op_recv, stream_ends_with_enobufs_when_the_group_is_empty) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    op::recv_stream const stream{.fd = here, .into = group.source()};
    test::send_text(there, std::string(group.count * group.size + 1, 'x'));
    ASSERT_TRUE(ring_.push(stream, 1));
    buffer_lease held[test::buffer_group::count];
    for (buffer_lease& lease : held)
        lease = op::value_of(stream, next()).or_throw("recv");
    EXPECT_EQ(group.lent(), int{group.count});
    abi::cqe const last = next();
    EXPECT_FALSE(more(last));
    EXPECT_EQ(op::value_of(stream, last).error(), ENOBUFS);
}

TEST_F(op_recv, stream_ends_at_its_total) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    test::send_text(there, "0123456789");
    buffer_source source = group.source();
    source.limit = 4;
    op::recv_stream const stream{.fd = here, .into = source, .total = 6};
    ASSERT_TRUE(ring_.push(stream, 1));
    abi::cqe const first = next();
    if (first.res == -EINVAL)
        GTEST_SKIP() << "this kernel has no limits of multishot receives (Linux 6.17)";
    EXPECT_TRUE(more(first));
    EXPECT_EQ(text(*op::value_of(stream, first)), "0123");
    abi::cqe const last = next();
    EXPECT_FALSE(more(last));
    EXPECT_TRUE(op::value_of(stream, last).has_value());
}

TEST_F(op_recv, stream_of_bundles_leases_several_buffers_at_once) {
    auto const [here, there] = test::tcp_pair();
    test::buffer_group group(ring_, 3);
    op::recv_stream const stream{.fd = here, .into = op::bundle{group.source()}};
    std::string const sent = std::string(group.size, 'a') + std::string(group.size, 'b') + "c";
    test::send_text(there, sent);
    ASSERT_TRUE(ring_.push(stream, 1));
    abi::cqe const c = next();
    auto const lease = op::value_of(stream, c).or_throw("recv");
    EXPECT_GE(lease.parts(), 2u);
    EXPECT_EQ(text(lease), sent.substr(0, lease.size()));
}

TEST_F(op_recv, zc_stream_needs_a_receive_queue) {
    auto const [here, there] = test::tcp_pair();
    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::cqe32});
    ASSERT_TRUE(wide.has_value());
    op::recv_zc_stream const stream{.fd = here, .queue = 0};
    if (!wide->features().supports<op::recv_zc_stream>())
        GTEST_SKIP() << "this kernel has no RECV_ZC (Linux 6.15)";
    ASSERT_TRUE(wide->push(stream, 1));
    wide->submit_and_wait(1).or_throw("submit");
    abi::cqe32 c{};
    ASSERT_TRUE(wide->pop(c));
    EXPECT_EQ(op::value_of(stream, c).error(), EINVAL);
}

} // namespace
} // namespace rondo
