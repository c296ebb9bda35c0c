// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace rondo {
namespace {

using abi::nop_flag;

class op_control : public test::ring_test {
protected:
    std::string_view first_bytes(fd_ref fd) {
        auto const n = ring_.run(op::read{.fd = fd, .into = memory_, .at = 0});
        return n ? std::string_view(memory_.data(), *n) : std::string_view("(error)");
    }
    std::array<char, 16> memory_{};
};

TEST_F(op_control, nop_does_nothing) { EXPECT_EQ(ring_.run(op::nop{}), 0); }

TEST_F(op_control, nop_answers_the_injected_result) {
    EXPECT_EQ(ring_.run(op::nop{.flags = nop_flag::inject_result, .result = 77}), 77);
    RONDO_EXPECT_ERROR(ring_.run(op::nop{.flags = nop_flag::inject_result, .result = -EIO}), EIO);
    EXPECT_EQ(ring_.run(op::nop{.result = 77}), 0);
}

TEST_F(op_control, nop_looks_up_files_slots_and_buffers) {
    auto const probe = ring_.run(op::nop{.flags = nop_flag::file, .fd = 0});
    if (!probe && probe.error() == EINVAL)
        GTEST_SKIP() << "this kernel's NOP looks nothing up (Linux 6.13)";
    auto const file = file_with("f", "");
    RONDO_EXPECT_OK(ring_.run(op::nop{.flags = nop_flag::file, .fd = file}));
    RONDO_EXPECT_ERROR(ring_.run(op::nop{.flags = nop_flag::file, .fd = -1}), EBADF);
    register_files({-1, file.get()});
    RONDO_EXPECT_OK(ring_.run(op::nop{.flags = nop_flag::file, .fd = fd_ref::slot(1)}));
    RONDO_EXPECT_ERROR(ring_.run(op::nop{.flags = nop_flag::file, .fd = fd_ref::slot(0)}), EBADF);

    ::iovec part{memory_.data(), memory_.size()};
    ring_.register_(abi::register_op::buffers, &part, 1).or_throw("register a buffer");
    RONDO_EXPECT_OK(ring_.run(op::nop{.flags = nop_flag::fixed_buffer, .buffer = 0}));
    RONDO_EXPECT_ERROR(ring_.run(op::nop{.flags = nop_flag::fixed_buffer, .buffer = 1}), EFAULT);
}

TEST_F(op_control, nop_completes_through_task_work) {
    auto const done = ring_.run(op::nop{.flags = nop_flag::tw});
    if (!done && done.error() == EINVAL)
        GTEST_SKIP() << "this kernel's NOP has no task work (Linux 6.16)";
    EXPECT_EQ(done, 0);
}

TEST_F(op_control, nop_fills_the_second_half_of_a_cqe) {
    op::nop const o{.flags = nop_flag::cqe32, .extra = {7, 8}};
    RONDO_EXPECT_ERROR(ring_.run(o), EINVAL);
    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::cqe32});
    ASSERT_TRUE(wide.has_value());
    ASSERT_TRUE(wide->push(o, 1));
    wide->submit_and_wait(1).or_throw("submit");
    abi::cqe32 c{};
    ASSERT_TRUE(wide->pop(c));
    if (c.head.res == -EINVAL)
        GTEST_SKIP() << "this kernel's NOP has no 32-byte completion (Linux 6.18)";
    EXPECT_EQ(op::value_of(o, c), 0);
    EXPECT_EQ(c.extra[0], 7u);
    EXPECT_EQ(c.extra[1], 8u);
}

TEST_F(op_control, nop128_needs_wide_sqes) {
    if (!ring_.features().supports<op::nop128>())
        GTEST_SKIP() << "this kernel has no NOP128 (Linux 6.19)";
    auto wide = ring::create({.entries = 8, .flags = default_setup | abi::setup::sqe128});
    ASSERT_TRUE(wide.has_value());
    op::nop128 const o{.flags = nop_flag::inject_result, .result = 5};
    ASSERT_TRUE(wide->push(o, 1));
    wide->submit_and_wait(1).or_throw("submit");
    abi::cqe c{};
    ASSERT_TRUE(wide->pop(c));
    EXPECT_EQ(op::value_of(o, c), 5);
}

TEST_F(op_control, files_update_changes_slots_in_a_row) {
    auto const one = file_with("1", "one"), two = file_with("2", "two");
    register_files({-1, -1, one.get()});
    std::array<int, 2> const fds{two.get(), -1};
    EXPECT_EQ(ring_.run(op::files_update{.fds = fds, .first = 1}), 2u);
    EXPECT_EQ(first_bytes(fd_ref::slot(1)), "two");
    EXPECT_EQ(first_bytes(fd_ref::slot(2)), "(error)");
    RONDO_EXPECT_ERROR(ring_.run(op::files_update{.fds = fds, .first = 7}), EINVAL);
}

TEST_F(op_control, files_update_leaves_slots_that_are_to_be_skipped) {
    auto const one = file_with("1", "one"), two = file_with("2", "two");
    register_files({one.get(), one.get()});
    std::array<int, 2> const fds{-2, two.get()};
    EXPECT_EQ(ring_.run(op::files_update{.fds = fds, .first = 0}), 2u);
    EXPECT_EQ(first_bytes(fd_ref::slot(0)), "one");
    EXPECT_EQ(first_bytes(fd_ref::slot(1)), "two");
}

TEST_F(op_control, files_update_into_any_slots_writes_down_which) {
    auto const one = file_with("1", "one"), two = file_with("2", "two");
    register_files({-1, one.get(), -1});
    std::array<int, 2> fds{one.get(), two.get()};
    EXPECT_EQ(ring_.run(op::files_update{.fds = fds, .first = op::any_slots{}}), 2u);
    EXPECT_EQ(fds[0], 0);
    EXPECT_EQ(fds[1], 2);
    EXPECT_EQ(first_bytes(fd_ref::slot(2)), "two");
}

TEST_F(op_control, fixed_fd_install_makes_a_descriptor_of_a_slot) {
    auto const file = file_with("f", "hello");
    register_files({-1, file.get()});
    auto const closing = ring_.run(op::fixed_fd_install{.slot = 1}).or_throw("install");
    EXPECT_NE(closing.get(), file.get());
    EXPECT_EQ(::fcntl(closing.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(first_bytes(closing), "hello");
    auto const staying =
        ring_.run(op::fixed_fd_install{.slot = 1, .close_on_exec = false}).or_throw("install");
    EXPECT_EQ(::fcntl(staying.get(), F_GETFD) & FD_CLOEXEC, 0);
    RONDO_EXPECT_ERROR(ring_.run(op::fixed_fd_install{.slot = 0}), EBADF);
}

TEST_F(op_control, provided_buffers_are_taken_by_their_ids_and_taken_back) {
    std::array<char, 4 * 8> memory{};
    RONDO_EXPECT_OK(ring_.run(op::provide_buffers{
        .data = memory.data(), .size = 8, .count = 4, .group = 5, .first_id = 100}));
    auto const file = file_with("f", "hello io_uring!");
    auto const lease = ring_.run(op::read{.fd = file, .into = buffer_source{.group = 5}, .at = 0})
                           .or_throw("read");
    ASSERT_EQ(lease.size(), 8u);
    ASSERT_GE(lease.first_id(), 100u);
    ASSERT_LT(lease.first_id(), 104u);
    EXPECT_EQ(std::memcmp(&memory[(lease.first_id() - 100u) * 8u], "hello io", 8), 0);
    EXPECT_EQ(ring_.run(op::remove_buffers{.count = 2, .group = 5}), 2u);
    EXPECT_EQ(ring_.run(op::remove_buffers{.count = 10, .group = 5}), 1u);
    RONDO_EXPECT_ERROR(ring_.run(op::remove_buffers{.count = 1, .group = 6}), ENOENT);
}

} // namespace
} // namespace rondo
