// SPDX-License-Identifier: MIT

#include <rondo/op/process.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

TEST(golden_process, waitid_puts_its_options_where_the_slot_is) {
    ::siginfo_t info{};
    expect_sqe(op::waitid{.which = P_PID, .id = 1234, .into = &info},
               golden{}.u8(0, 50).i32(4, 1234).ptr(8, &info).u32(24, 1).u32(44, 4));
    expect_sqe(op::waitid{.which = P_ALL, .id = 0, .options = WEXITED | WNOHANG | WNOWAIT},
               golden{}.u8(0, 50).u32(44, 0x0100'0005));
    expect_sqe(op::waitid{.which = P_PIDFD, .id = 9, .options = WSTOPPED | WCONTINUED},
               golden{}.u8(0, 50).i32(4, 9).u32(24, 3).u32(44, 10));
}

} // namespace
} // namespace rondo
