// SPDX-License-Identifier: MIT

#include <rondo/op/process.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace rondo {
namespace {

class op_process : public test::ring_test {
protected:
    op_process() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        gate_out_.reset(ends[0]);
        gate_in_.reset(ends[1]);
    }
    ~op_process() override {
        gate_in_.reset();
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
    }
    /// A child that exits with 7 once the gate opens.
    ::pid_t child() {
        ::pid_t const pid = ::fork();
        if (pid == 0) {
            ::close(gate_in_.get());
            char none = 0;
            ::_exit(::read(gate_out_.get(), &none, 1) == 0 ? 7 : 8);
        }
        return pid;
    }
    static ::id_t id(int n) { return static_cast<::id_t>(n); }

    unique_fd gate_out_;
    unique_fd gate_in_;
};

TEST_F(op_process, waitid_says_how_a_child_ended) {
    ::pid_t const pid = child();
    ASSERT_GT(pid, 0);
    ::siginfo_t info{};
    ASSERT_TRUE(ring_.push(op::waitid{.which = P_PID, .id = id(pid), .into = &info}, 1));
    ring_.submit().or_throw("submit");
    abi::cqe c{};
    EXPECT_FALSE(ring_.pop(c));
    gate_in_.reset();
    c = next();
    EXPECT_EQ(c.res, 0);
    EXPECT_EQ(info.si_pid, pid);
    EXPECT_EQ(info.si_code, CLD_EXITED);
    EXPECT_EQ(info.si_status, 7);
}

TEST_F(op_process, waitid_takes_a_pidfd_and_no_memory) {
    ::pid_t const pid = child();
    ASSERT_GT(pid, 0);
    unique_fd const pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ASSERT_TRUE(pidfd);
    gate_in_.reset();
    RONDO_EXPECT_OK(ring_.run(op::waitid{.which = P_PIDFD, .id = id(pidfd.get())}));
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST_F(op_process, waitid_with_wnohang_leaves_the_pid_at_zero_while_nothing_happened) {
    ::pid_t const pid = child();
    ASSERT_GT(pid, 0);
    ::siginfo_t info{};
    info.si_pid = 1;
    RONDO_EXPECT_OK(ring_.run(
        op::waitid{.which = P_PID, .id = id(pid), .into = &info, .options = WEXITED | WNOHANG}));
    EXPECT_EQ(info.si_pid, 0);
}

TEST_F(op_process, waitid_with_wnowait_leaves_the_child_to_be_waited_for) {
    ::pid_t const pid = child();
    ASSERT_GT(pid, 0);
    gate_in_.reset();
    ::siginfo_t info{};
    RONDO_EXPECT_OK(ring_.run(
        op::waitid{.which = P_ALL, .id = 0, .into = &info, .options = WEXITED | WNOWAIT}));
    EXPECT_EQ(info.si_pid, pid);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(op_process, waitid_without_children_is_echild) {
    RONDO_EXPECT_ERROR(ring_.run(op::waitid{.which = P_ALL, .id = 0}), ECHILD);
}

} // namespace
} // namespace rondo
