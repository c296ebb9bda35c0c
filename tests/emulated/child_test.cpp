// SPDX-License-Identifier: MIT

#include "watch_test.hpp"

#include <rondo/op/process.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rondo::engine::emulation {
namespace {

using enum abi::opcode;

class emulated_child : public watch_test {
protected:
    ~emulated_child() override {
        for (::pid_t const pid : children_) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }
    /// A child that stays until it is let go, then exits with 7.
    ::pid_t child() {
        ::sigset_t awaited;
        ::sigset_t before;
        ::sigemptyset(&awaited);
        ::sigaddset(&awaited, SIGUSR1);
        ::pthread_sigmask(SIG_BLOCK, &awaited, &before); // a letting go must not come too soon
        ::pid_t const pid = ::fork();
        if (pid == 0) {
            int got = 0;
            ::sigwait(&awaited, &got);
            ::_exit(7);
        }
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        children_.push_back(pid);
        return pid;
    }
    static void let_go(::pid_t pid) { ::kill(pid, SIGUSR1); }

    request& wait_for(::idtype_t which, int id, ::siginfo_t* into, int options = WEXITED) {
        abi::sqe entry{};
        op::waitid{.which = which, .id = static_cast<::id_t>(id), .into = into, .options = options}
            .prep(entry);
        request& r = make(waitid, entry);
        EXPECT_EQ(check(r), 0);
        return r;
    }
    /// As the core does when an attempt answers `until(EPOLLIN)`.
    static bool becomes_readable(request const& r, int ms = 10'000) {
        ::pollfd set{r.fd, POLLIN, 0};
        return ::poll(&set, 1, ms) == 1;
    }
    static void expect_exited(::siginfo_t const& info, ::pid_t pid) {
        EXPECT_EQ(info.si_signo, SIGCHLD);
        EXPECT_EQ(info.si_pid, pid);
        EXPECT_EQ(info.si_code, CLD_EXITED);
        EXPECT_EQ(info.si_status, 7);
    }
    static void expect_polls(outcome const& how) {
        EXPECT_EQ(how.what, outcome::kind::poll);
        EXPECT_EQ(how.events, static_cast<std::uint32_t>(EPOLLIN));
    }
    /// What a watch found: to be attempted again.
    void expect_found(request const& r) {
        auto const [who, how] = next();
        EXPECT_EQ(who, &r);
        EXPECT_EQ(how.what, outcome::kind::poll);
        EXPECT_EQ(how.events, 0u);
    }
    static void expect_done(outcome const& how, int value = 0) {
        EXPECT_EQ(how.what, outcome::kind::done);
        EXPECT_EQ(how.res, value);
    }

private:
    std::vector<::pid_t> children_;
};

TEST_F(emulated_child, that_has_ended_is_told_at_once) {
    ::pid_t const pid = child();
    let_go(pid);
    ::siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<::id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    info = {};
    expect_done(attempt(wait_for(P_PID, pid, &info)));
    expect_exited(info, pid);
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST_F(emulated_child, is_waited_for_by_a_descriptor) {
    ::pid_t const pid = child();
    ::siginfo_t info{};
    request& r = wait_for(P_PID, pid, &info);
    expect_polls(attempt(r));
    EXPECT_EQ(r.fd, r.own.get());
    EXPECT_FALSE(becomes_readable(r, 0));
    let_go(pid);
    ASSERT_TRUE(becomes_readable(r));
    expect_done(attempt(r));
    expect_exited(info, pid);
}

TEST_F(emulated_child, behind_a_pidfd_is_waited_for_though_that_is_closed) {
    ::pid_t const pid = child();
    unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ASSERT_TRUE(pidfd);
    ::siginfo_t info{};
    request& r = wait_for(P_PIDFD, pidfd.get(), &info);
    expect_polls(attempt(r));
    pidfd.reset();
    let_go(pid);
    ASSERT_TRUE(becomes_readable(r));
    expect_done(attempt(r));
    expect_exited(info, pid);
}

TEST_F(emulated_child, behind_a_pidfd_that_does_not_block_is_not_waited_for) {
    ::pid_t const pid = child();
    unique_fd const pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, O_NONBLOCK)));
    if (!pidfd)
        GTEST_SKIP() << "PIDFD_NONBLOCK needs Linux 5.10";
    ::siginfo_t info{};
    info.si_pid = 1;
    expect_done(attempt(wait_for(P_PIDFD, pidfd.get(), &info)));
    EXPECT_EQ(info.si_pid, 0);
}

TEST_F(emulated_child, of_any_number_is_watched_for) {
    ::pid_t const pid = child();
    ::siginfo_t info{};
    request& r = wait_for(P_ALL, 0, &info);
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    EXPECT_TRUE(none_comes());
    let_go(pid);
    expect_found(r);
    expect_done(attempt(r));
    expect_exited(info, pid);
}

TEST_F(emulated_child, that_another_took_is_waited_for_no_more) {
    ::pid_t const first = child();
    ::pid_t const second = child();
    ::siginfo_t info{};
    request& r = wait_for(P_ALL, 0, &info);
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    let_go(first);
    expect_found(r);
    ASSERT_EQ(::waitpid(first, nullptr, 0), first);
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    let_go(second);
    expect_found(r);
    expect_done(attempt(r));
    expect_exited(info, second);
    expect_done(attempt(wait_for(P_ALL, 0, nullptr)), -ECHILD);
}

TEST_F(emulated_child, that_stops_and_continues_is_told_each_time) {
    ::pid_t const pid = child();
    ::siginfo_t info{};
    request& stop = wait_for(P_PID, pid, &info, WSTOPPED | WEXITED);
    ASSERT_EQ(attempt(stop).what, outcome::kind::kept);
    ::kill(pid, SIGSTOP);
    expect_found(stop);
    expect_done(attempt(stop));
    EXPECT_EQ(info.si_code, CLD_STOPPED);
    request& go_on = wait_for(P_PID, pid, &info, WCONTINUED);
    ASSERT_EQ(attempt(go_on).what, outcome::kind::kept);
    ::kill(pid, SIGCONT);
    expect_found(go_on);
    expect_done(attempt(go_on));
    EXPECT_EQ(info.si_code, CLD_CONTINUED);
}

TEST_F(emulated_child, is_let_alone_when_the_wait_is_taken_back) {
    ::pid_t const pid = child();
    request& r = wait_for(P_ALL, 0, nullptr);
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    EXPECT_TRUE(take_back(r));
    let_go(pid);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    EXPECT_TRUE(none_comes());
}

TEST_F(emulated_child, is_left_to_be_waited_for_with_wnowait) {
    ::pid_t const pid = child();
    request& r = wait_for(P_PID, pid, nullptr, WEXITED | WNOWAIT);
    expect_polls(attempt(r));
    let_go(pid);
    ASSERT_TRUE(becomes_readable(r));
    expect_done(attempt(r));
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(emulated_child, that_goes_on_is_no_answer_to_wnohang_but_a_pid_of_zero) {
    ::pid_t const pid = child();
    ::siginfo_t info{};
    info.si_pid = 1;
    expect_done(attempt(wait_for(P_PID, pid, &info, WEXITED | WNOHANG)));
    EXPECT_EQ(info.si_pid, 0);
}

TEST_F(emulated_child, waits_that_make_no_sense_are_refused) {
    expect_done(attempt(wait_for(P_ALL, 0, nullptr)), -ECHILD);
    expect_done(attempt(wait_for(P_ALL, 0, nullptr, 0)), -EINVAL);
    expect_done(attempt(wait_for(P_PID, 0, nullptr)), -EINVAL);
    abi::sqe odd{};
    odd.len = 9; // of no kind
    odd.file_index = WEXITED;
    expect_done(attempt(make(waitid, odd)), -EINVAL);
    auto const judged = [&](auto change) {
        abi::sqe s{};
        op::waitid{.which = P_ALL, .id = 0}.prep(s);
        change(s);
        return check(make(waitid, s));
    };
    EXPECT_EQ(judged([](abi::sqe&) {}), 0);
    EXPECT_EQ(judged([](abi::sqe& s) { s.addr = 1; }), -EINVAL);
    EXPECT_EQ(judged([](abi::sqe& s) { s.addr3 = 1; }), -EINVAL);
    EXPECT_EQ(judged([](abi::sqe& s) { s.buf_index = 1; }), -EINVAL);
    EXPECT_EQ(judged([](abi::sqe& s) { s.waitid_flags = 1; }), -EINVAL);
    EXPECT_EQ(judged([](abi::sqe& s) { s.ioprio = 1; }), -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
