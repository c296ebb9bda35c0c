// SPDX-License-Identifier: MIT
#include <support/child.hpp>
#include <support/pipe_pair.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <ostream>

namespace rondo::test {
namespace {

[[noreturn]] void run(std::function<void()> const& body, int errors, unsigned patience_s) {
    ::dup2(errors, STDERR_FILENO);
    ::dup2(errors, STDOUT_FILENO); // GoogleTest tells there what failed
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(patience_s);
    ::rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    int code = 0;
    try {
        body();
        code = ::testing::Test::HasFailure() ? 1 : 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "thrown: %s\n", e.what());
        code = 2;
    }
    std::fflush(nullptr);
    ::_exit(code); // without the destructors and leak checks of the parent's objects
}

} // namespace

bool child_end::succeeded() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

bool child_end::aborted_with(std::string_view message) const {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           output.find(message) != std::string::npos;
}

std::ostream& operator<<(std::ostream& out, child_end const& end) {
    if (WIFSIGNALED(end.status))
        out << "died of signal " << WTERMSIG(end.status);
    else
        out << "exit status " << WEXITSTATUS(end.status);
    return out << ", said: " << end.output;
}

child_end in_child(std::function<void()> const& body, unsigned patience_s) {
    pipe_pair errors;
    std::fflush(nullptr);
    ::pid_t const child = ::fork();
    if (child < 0)
        throw std::system_error(errno, std::system_category(), "fork");
    if (child == 0)
        run(body, errors.in.get(), patience_s);
    errors.in.reset();
    child_end end{};
    char part[4096];
    for (::ssize_t n; (n = ::read(errors.out.get(), part, sizeof part)) != 0;) {
        if (n < 0 && errno != EINTR)
            throw std::system_error(errno, std::system_category(), "read from a child");
        if (n > 0)
            end.output.append(part, static_cast<std::size_t>(n));
    }
    while (::waitpid(child, &end.status, 0) < 0 && errno == EINTR) {
    }
    return end;
}

} // namespace rondo::test
