// SPDX-License-Identifier: MIT
#include "process.hpp"

#include "check.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

process::process(std::vector<std::string> arguments, int in, int out, int err)
    : name_(arguments.at(0)) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
        pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    int const code =
        ::posix_spawnp(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        rondo::throw_error(rondo::error(code), name_.c_str());
}

process::~process() {
    if (pid_ < 0)
        return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void process::wait() {
    int status = 0;
    checked(::waitpid(pid_, &status, 0), "waitpid");
    pid_ = -1;
    if (WIFSIGNALED(status))
        throw std::runtime_error(fmt::format("{} died of signal {}", name_, WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        throw std::runtime_error(
            fmt::format("{} exited with status {}", name_, WEXITSTATUS(status)));
}

std::string error_output_of(std::vector<std::string> const& arguments) {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    rondo::unique_fd const reading(ends[0]);
    rondo::unique_fd writing(ends[1]);
    auto const nowhere = owned(::open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
    process child(arguments, nowhere.get(), nowhere.get(), writing.get());
    writing.reset();
    std::string text;
    std::array<char, 4096> block;
    while (auto const n = checked(::read(reading.get(), block.data(), block.size()), "read"))
        text.append(block.data(), static_cast<std::size_t>(n));
    try {
        child.wait();
    } catch (std::runtime_error const& e) {
        throw std::runtime_error(fmt::format("{}:\n{}", e.what(), text));
    }
    return text;
}

} // namespace bench
