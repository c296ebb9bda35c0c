// SPDX-License-Identifier: MIT
#include "stillness.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {
namespace {

/// R, S, ... as in proc_pid_stat(5); Z for one that is gone.
char state_of(int tasks, char const* id) noexcept {
    std::array<char, 272> path;
    std::snprintf(path.data(), path.size(), "%s/stat", id);
    int const fd = ::openat(tasks, path.data(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 'Z';
    std::array<char, 128> text;
    long const n = ::read(fd, text.data(), text.size());
    ::close(fd);
    std::string_view const all(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    std::size_t const name_end = all.rfind(") "); // the name may hold anything
    return name_end == all.npos || name_end + 2 >= all.size() ? 'Z' : all[name_end + 2];
}

} // namespace

stillness::stillness() : tasks_(::opendir("/proc/self/task")), own_(::syscall(SYS_gettid)) {}

bool stillness::all_sleep() noexcept {
    if (!tasks_)
        return true;
    ::rewinddir(tasks_.get());
    while (::dirent const* const one = ::readdir(tasks_.get())) {
        if (one->d_name[0] == '.' || std::atol(one->d_name) == own_)
            continue;
        char const state = state_of(::dirfd(tasks_.get()), one->d_name);
        if (state == 'R' || state == 'D')
            return false;
    }
    return true;
}

} // namespace fuzz
