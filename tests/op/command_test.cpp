// SPDX-License-Identifier: MIT

#include <rondo/op/command.hpp>
#include <rondo/ring/ring.hpp>

#include <support/engine.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <linux/errqueue.h>
#include <linux/loop.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

namespace rondo {
namespace {

class op_command : public test::ring_test {
protected:
    /// A block device with the file's contents, gone when it is closed; none without the right to.
    static unique_fd loop_device_over(unique_fd const& backing) {
        unique_fd const control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        int const number = control ? ::ioctl(control.get(), LOOP_CTL_GET_FREE) : -1;
        if (number < 0)
            return {};
        auto const path = "/dev/loop" + std::to_string(number);
        unique_fd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        ::loop_config config{};
        config.fd = static_cast<std::uint32_t>(backing.get());
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (device && ::ioctl(device.get(), LOOP_CONFIGURE, &config) != 0)
            device.reset();
        return device;
    }
};

TEST_F(op_command, uring_cmd_reaches_the_driver) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    op::uring_cmd const siocinq{.fd = here, .head = {.command = 0}};
    EXPECT_EQ(ring_.run(siocinq), 5);
    auto const file = file_with("f", "x");
    RONDO_EXPECT_ERROR(ring_.run(op::uring_cmd{.fd = file, .head = {.command = 0}}), EOPNOTSUPP);
}

TEST_F(op_command, uring_cmd_with_wide_bytes_needs_a_wide_ring) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::sqe128});
    ASSERT_TRUE(wide.has_value());
    op::uring_cmd const o{.fd = here, .head = {.command = 0}, .own = op::wide_command_bytes{}};
    ASSERT_TRUE(wide->push(o, 1));
    wide->submit_and_wait(1).or_throw("submit");
    abi::cqe c{};
    ASSERT_TRUE(wide->pop(c));
    EXPECT_EQ(op::value_of(o, c), 5);
}

TEST_F(op_command, uring_cmd128_needs_linux_6_19) {
    if (!ring_.features().supports<op::uring_cmd128>())
        GTEST_SKIP() << "this kernel has no URING_CMD128 (Linux 6.19)";
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::sqe128});
    ASSERT_TRUE(wide.has_value());
    op::uring_cmd128 const o{.fd = here, .head = {.command = 0}};
    ASSERT_TRUE(wide->push(o, 1));
    wide->submit_and_wait(1).or_throw("submit");
    abi::cqe c{};
    ASSERT_TRUE(wide->pop(c));
    EXPECT_EQ(op::value_of(o, c), 5);
}

TEST_F(op_command, the_queues_of_a_socket_can_be_asked) {
    auto const [here, there] = test::tcp_pair();
    register_files({here.get()});
    EXPECT_EQ(ring_.run(op::siocinq{.fd = here}), 0u);
    test::send_text(there, "hello");
    EXPECT_EQ(ring_.run(op::siocinq{.fd = here}), 5u);
    EXPECT_EQ(ring_.run(op::siocinq{.fd = fd_ref::slot(0)}), 5u);
    EXPECT_EQ(ring_.run(op::siocoutq{.fd = here}), 0u);
    auto const file = file_with("f", "x");
    RONDO_EXPECT_ERROR(ring_.run(op::siocinq{.fd = file}), EOPNOTSUPP);
}

TEST_F(op_command, socket_options_can_be_read_and_set) {
    unique_fd const fd = test::bound_socket(SOCK_STREAM);
    int value = 0;
    mutable_bytes const into(&value, sizeof value);
    EXPECT_EQ(
        ring_.run(op::getsockopt{.fd = fd, .level = SOL_SOCKET, .option = SO_TYPE, .into = into}),
        sizeof value);
    EXPECT_EQ(value, SOCK_STREAM);
    value = 1;
    RONDO_EXPECT_OK(ring_.run(
        op::setsockopt{.fd = fd, .level = SOL_SOCKET, .option = SO_REUSEADDR, .from = into}));
    RONDO_EXPECT_OK(ring_.run(
        op::setsockopt{.fd = fd, .level = IPPROTO_TCP, .option = TCP_NODELAY, .from = into}));
    ::socklen_t size = sizeof value;
    value = 0;
    ASSERT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    EXPECT_EQ(value, 1);
    RONDO_EXPECT_ERROR(ring_.run(op::getsockopt{
                           .fd = fd, .level = IPPROTO_TCP, .option = TCP_NODELAY, .into = into}),
                       EOPNOTSUPP);
    RONDO_EXPECT_ERROR(
        ring_.run(op::setsockopt{.fd = fd, .level = SOL_SOCKET, .option = 9999, .from = into}),
        ENOPROTOOPT);
}

TEST_F(op_command, getsockname_tells_both_ends) {
    auto const [here, there] = test::tcp_pair();
    ::sockaddr_in a{};
    ::socklen_t size = sizeof a;
    op::getsockname o{.fd = here, .address = test::address_of(a), .size = &size};
    auto const own = ring_.run(o);
    if (!own && own.error() == EOPNOTSUPP)
        GTEST_SKIP() << "this kernel has no getsockname by ring (Linux 6.19)";
    RONDO_EXPECT_OK(own);
    EXPECT_EQ(a.sin_port, test::name_of(here).sin_port);
    o.peer = true;
    RONDO_EXPECT_OK(ring_.run(o));
    EXPECT_EQ(a.sin_port, test::name_of(there).sin_port);
}

TEST_F(op_command, tx_timestamps_come_as_a_stream) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM), to = test::bound_socket(SOCK_DGRAM);
    int const wanted = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                       SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    ASSERT_EQ(::setsockopt(from.get(), SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof wanted), 0);
    ::sockaddr_in a = test::name_of(to);
    test::must(::connect(from.get(), test::address_of(a), sizeof a), "connect");

    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::cqe32});
    ASSERT_TRUE(wide.has_value());
    op::tx_timestamp_stream const stream{.fd = from};
    ASSERT_TRUE(wide->push(stream, 1));
    wide->submit().or_throw("submit");
    abi::cqe32 c{};
    if (wide->pop(c) && c.head.res == -EOPNOTSUPP)
        GTEST_SKIP() << "this kernel has no transmit timestamps by ring (Linux 6.17)";
    ::timespec now{};
    ASSERT_EQ(::clock_gettime(CLOCK_REALTIME, &now), 0);
    for (std::uint32_t key = 0; key < 2; ++key) {
        test::send_text(from, "x");
        wide->submit_and_wait(1).or_throw("wait");
        ASSERT_TRUE(wide->pop(c));
        EXPECT_TRUE(more(c.head));
        auto const stamp = op::value_of(stream, c).or_throw("timestamp");
        EXPECT_EQ(stamp.key, key);
        EXPECT_EQ(stamp.type, std::uint32_t{SCM_TSTAMP_SND});
        EXPECT_FALSE(stamp.hardware);
        EXPECT_GE(stamp.time.tv_sec, now.tv_sec);
        EXPECT_LE(stamp.time.tv_sec, now.tv_sec + 60);
    }
}

TEST_F(op_command, tx_timestamps_need_wide_completions) {
    unique_fd const from = test::bound_socket(SOCK_DGRAM);
    op::tx_timestamp_stream const stream{.fd = from};
    ASSERT_TRUE(ring_.push(stream, 1));
    EXPECT_LT(next().res, 0);
}

TEST_F(op_command, block_discard_forgets_a_range_of_a_loop_device) {
    RONDO_NEEDS_KERNEL("commands of block devices");
    auto const backing = file_with("disk", std::string(65536, 'x'));
    unique_fd const device = loop_device_over(backing);
    if (!device)
        GTEST_SKIP() << "no loop device to be had";

    RONDO_EXPECT_OK(ring_.run(op::block_discard{.fd = device, .at = 4096, .size = 8192}));
    std::array<char, 4096> page{};
    ASSERT_EQ(::pread(backing.get(), page.data(), page.size(), 4096), 4096);
    EXPECT_EQ(page, (std::array<char, 4096>{}));
    ASSERT_EQ(::pread(backing.get(), page.data(), page.size(), 0), 4096);
    EXPECT_EQ(page[0], 'x');
    RONDO_EXPECT_ERROR(ring_.run(op::block_discard{.fd = device, .at = 1, .size = 8192}), EINVAL);
}

TEST_F(op_command, block_zone_reset_all_of_a_device_without_zones_is_refused) {
    RONDO_NEEDS_KERNEL("commands of block devices");
    auto const backing = file_with("disk", std::string(65536, 'x'));
    unique_fd const device = loop_device_over(backing);
    if (!device)
        GTEST_SKIP() << "no loop device to be had";
    auto const refused = ring_.run(op::block_zone_reset_all{.fd = device});
    ASSERT_FALSE(refused.has_value());
    if (refused.error() == EINVAL)
        GTEST_SKIP() << "this kernel resets no zones by ring (Linux 7.3)";
    EXPECT_EQ(refused.error(), EOPNOTSUPP);
}

TEST_F(op_command, block_discard_of_a_regular_file_is_refused) {
    RONDO_NEEDS_KERNEL("commands of block devices");
    auto const file = file_with("f", "x");
    RONDO_EXPECT_ERROR(ring_.run(op::block_discard{.fd = file, .at = 0, .size = 4096}), EOPNOTSUPP);
}

} // namespace
} // namespace rondo
