// SPDX-License-Identifier: MIT

#include <rondo/op/write.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace rondo {
namespace {

using namespace std::string_view_literals;

class op_write : public test::ring_test {};

TEST_F(op_write, at_a_position_leaves_the_own_position_alone) {
    auto const file = file_with("f", "hello moon!");
    EXPECT_EQ(ring_.run(op::write{.fd = file, .from = "sun!"sv, .at = 6}).or_throw("write"), 4u);
    EXPECT_EQ(contents_of(file), "hello sun!!");
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
}

TEST_F(op_write, at_the_own_position_moves_it_on) {
    auto const file = file_with("f", "");
    EXPECT_EQ(ring_.run(op::write{.fd = file, .from = "ab"sv}).or_throw("write"), 2u);
    EXPECT_EQ(ring_.run(op::write{.fd = file, .from = "cd"sv}).or_throw("write"), 2u);
    EXPECT_EQ(contents_of(file), "abcd");
}

TEST_F(op_write, from_iovecs_gathers) {
    auto const file = file_with("f", "");
    char first[] = {'o', 'n', 'e', ' '};
    char second[] = {'t', 'w', 'o'};
    std::array const parts{::iovec{first, sizeof first}, ::iovec{second, sizeof second}};
    EXPECT_EQ(ring_.run(op::write{.fd = file, .from = parts, .at = 0}).or_throw("write"), 7u);
    EXPECT_EQ(contents_of(file), "one two");
}

TEST_F(op_write, takes_the_flags_of_pwritev2) {
    auto const file = file_with("f", "abc");
    RONDO_EXPECT_OK(ring_.run(op::write{.fd = file, .from = "d"sv, .at = 0, .flags = RWF_APPEND}));
    char last[] = {'e'};
    ::iovec const part{last, 1};
    RONDO_EXPECT_OK(
        ring_.run(op::write{.fd = file, .from = iovecs(&part, 1), .at = 0, .flags = RWF_APPEND}));
    EXPECT_EQ(contents_of(file), "abcde");
}

TEST_F(op_write, from_a_registered_buffer_must_stay_inside_it) {
    auto const file = file_with("f", "");
    std::array<char, 64> memory{};
    std::memcpy(memory.data() + 4, "hello", 5);
    ::iovec half{memory.data(), 32};
    ring_.register_(abi::register_op::buffers, &half, 1).or_throw("register buffers");
    registered_bytes const inside{memory.data() + 4, 5, 0};
    EXPECT_EQ(ring_.run(op::write{.fd = file, .from = inside, .at = 0}).or_throw("write"), 5u);
    EXPECT_EQ(contents_of(file), "hello");
    registered_bytes const beyond{memory.data() + 4, 29, 0};
    RONDO_EXPECT_ERROR(ring_.run(op::write{.fd = file, .from = beyond, .at = 0}), EFAULT);
}

TEST_F(op_write, from_parts_of_a_registered_buffer_gathers) {
    auto const file = file_with("f", "");
    std::array<char, 32> memory{};
    std::memcpy(memory.data(), "world", 5);
    std::memcpy(memory.data() + 16, "hello ", 6);
    ::iovec all{memory.data(), memory.size()};
    ring_.register_(abi::register_op::buffers, &all, 1).or_throw("register buffers");
    std::array const parts{::iovec{memory.data() + 16, 6}, ::iovec{memory.data(), 5}};
    auto const n = ring_.run(op::write{.fd = file, .from = registered_iovecs{parts, 0}, .at = 0})
                       .or_throw("write");
    EXPECT_EQ(n, 11u);
    EXPECT_EQ(contents_of(file), "hello world");
}

TEST_F(op_write, to_a_slot_writes_the_registered_file) {
    auto const file = file_with("f", "");
    register_files({file.get()});
    EXPECT_EQ(
        ring_.run(op::write{.fd = fd_ref::slot(0), .from = "hi"sv, .at = 0}).or_throw("write"), 2u);
    EXPECT_EQ(contents_of(file), "hi");
}

TEST_F(op_write, to_a_pipe_without_readers_is_epipe) {
    auto const before = ::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    ::close(ends[0]);
    unique_fd const in(ends[1]);
    RONDO_EXPECT_ERROR(ring_.run(op::write{.fd = in, .from = "hi"sv}), EPIPE);
    ::signal(SIGPIPE, before);
}

TEST_F(op_write, with_protection_information_is_refused_by_what_keeps_none) {
    auto const file = file_with("f", "");
    abi::attr_pi const protection{};
    RONDO_EXPECT_ERROR(
        ring_.run(op::write{.fd = file, .from = "hi"sv, .at = 0, .protection = &protection}),
        EINVAL);
    EXPECT_EQ(contents_of(file), "");
}

} // namespace
} // namespace rondo
