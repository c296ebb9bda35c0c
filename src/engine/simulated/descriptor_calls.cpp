// SPDX-License-Identifier: MIT
// What is done to descriptors themselves: copies, flags, the end.
#include "world.hpp"

#include "pipe.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

namespace rondo::engine::simulation {
namespace {

/// What a program may change of a description: fcntl(2).
constexpr int changeable = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;
/// From here on copies are the engine's own, which asks for them above the standard streams.
constexpr long lowest_of_engine = 3;

long control(world& w, words const& a) noexcept {
    int const fd = static_cast<int>(a[0]);
    std::shared_ptr<open_file> const file = w.find(fd);
    if (!file && a[1] != F_DUPFD_CLOEXEC)
        return -EBADF;
    switch (a[1]) {
    case F_DUPFD: return w.duplicate(fd, false);
    case F_DUPFD_CLOEXEC: return w.duplicate(fd, a[2] == lowest_of_engine);
    case F_GETFD: return FD_CLOEXEC;
    case F_SETFD: return 0;
    case F_GETFL: return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~changeable) | (static_cast<int>(a[2]) & changeable);
        return 0;
    case F_GETPIPE_SZ: return pipe_capacity(*file);
    case F_SETPIPE_SZ: return set_pipe_capacity(*file, a[2]);
    default: return -EINVAL;
    }
}

long device_control(world& w, words const& a) noexcept {
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(a[0]));
    if (!file)
        return -EBADF;
    auto* const argument = reinterpret_cast<int*>(a[2]);
    if (argument == nullptr)
        return -EFAULT;
    switch (static_cast<unsigned long>(a[1])) {
    case FIONBIO:
        file->flags = *argument != 0 ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK;
        return 0;
    case FIONREAD: {
        long const bytes = file->what->readable_bytes();
        if (bytes >= 0)
            *argument = static_cast<int>(bytes);
        return bytes < 0 ? bytes : 0;
    }
    default: return -ENOTTY;
    }
}

/// readlink(2) of /proc/self/fd/N, by which the engine tells eventfds from the rest. False: of
/// another path.
bool read_descriptor_link(world& w, words const& a, long& answer) noexcept {
    auto const* const path = reinterpret_cast<char const*>(a[1]);
    constexpr std::string_view folder = "/proc/self/fd/";
    if (path == nullptr || !std::string_view(path).starts_with(folder))
        return false;
    int fd = -1;
    std::string_view const number = std::string_view(path).substr(folder.size());
    std::from_chars(number.data(), number.data() + number.size(), fd);
    std::shared_ptr<open_file> const file = w.find(fd);
    char const* const kind = file ? file->what->kind() : "foreign"; // real, and no use here
    char text[64];
    int const size = std::snprintf(text, sizeof text, "anon_inode:[%s]", kind);
    std::size_t const bytes =
        std::min(static_cast<std::size_t>(size), static_cast<std::size_t>(a[3]));
    std::memcpy(reinterpret_cast<char*>(a[2]), text, bytes);
    answer = static_cast<long>(bytes);
    return true;
}

} // namespace

bool descriptor_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_fcntl: answer = control(w, a); return true;
    case SYS_ioctl: answer = device_control(w, a); return true;
    case SYS_close: answer = w.close(static_cast<int>(a[0])); return true;
    case SYS_readlinkat: return read_descriptor_link(w, a, answer);
    default: return false;
    }
}

} // namespace rondo::engine::simulation
