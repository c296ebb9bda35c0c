// SPDX-License-Identifier: MIT
#pragma once

// Runs a program as a user would and tells what it printed and how it ended. Everything is bounded
// in time: a program that takes longer than `patience` is killed. One thread.

#include <rondo/core/fd.hpp>

#include <support/pipe_pair.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rondo::test {

struct program_end {
    int status = -1; ///< exit status, or 128 plus the number of the signal that killed it
    std::string out;
    std::string err;
};

/// What a program is run with, beside its arguments.
struct surroundings {
    int input = -1;  ///< standard input, borrowed; -1: /dev/null
    int output = -1; ///< standard output, borrowed; -1: a pipe, read into program_end::out
    std::function<void()> in_child = {}; ///< last thing before exec; system calls only
};

/// A program that is running. Killed if it still does at the end.
class program {
public:
    program(std::vector<std::string> const& arguments, surroundings const& where = {}) {
        std::vector<char*> argv;
        for (std::string const& a : arguments)
            argv.push_back(const_cast<char*>(a.c_str()));
        argv.push_back(nullptr);
        child_ = ::fork();
        if (child_ < 0)
            throw std::system_error(errno, std::system_category(), "fork");
        if (child_ == 0)
            become(argv.data(), where);
        out_.in.reset();
        err_.in.reset();
        if (where.output >= 0)
            out_.out.reset();
    }
    program(program&&) = delete;
    ~program() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }

    /// Reads until the program has closed its outputs, then takes its status.
    program_end wait() {
        program_end end;
        auto const until = clock::now() + patience;
        while (out_.out || err_.out) {
            ::pollfd both[] = {{out_.out.get(), POLLIN, 0}, {err_.out.get(), POLLIN, 0}};
            auto const left =
                std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
            if (left.count() <= 0 || ::poll(both, 2, static_cast<int>(left.count())) == 0) {
                ADD_FAILURE() << "still running after " << patience.count() << " s";
                return end;
            }
            if (both[0].revents != 0)
                take(out_.out, end.out);
            if (both[1].revents != 0)
                take(err_.out, end.err);
        }
        int status = 0;
        while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
        }
        child_ = -1;
        end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return end;
    }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds patience{20};

    [[noreturn]] void become(char** argv, surroundings const& where) {
        int const input =
            where.input >= 0 ? where.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::dup2(input, STDIN_FILENO);
        ::dup2(where.output >= 0 ? where.output : out_.in.get(), STDOUT_FILENO);
        ::dup2(err_.in.get(), STDERR_FILENO);
        ::signal(SIGPIPE, SIG_DFL);
        ::setenv("LC_ALL", "C", 1);
        if (where.in_child)
            where.in_child();
        ::execvp(argv[0], argv);
        ::_exit(127);
    }
    static void take(unique_fd& from, std::string& into) {
        char part[65536];
        ::ssize_t const n = ::read(from.get(), part, sizeof part);
        if (n > 0)
            into.append(part, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EINTR)
            from.reset();
    }

    pipe_pair out_;
    pipe_pair err_;
    ::pid_t child_ = -1;
};

inline program_end run_program(std::vector<std::string> const& arguments,
                               surroundings const& where = {}) {
    return program(arguments, where).wait();
}

/// The built rondo program, with these arguments.
inline std::vector<std::string> rondo_with(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), RONDO_BINARY);
    return arguments;
}

} // namespace rondo::test
