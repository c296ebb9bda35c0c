// SPDX-License-Identifier: MIT
// What is done to an open file beside reading and writing.
#include "regular_file.hpp"
#include "words.hpp"

#include <fcntl.h>
#include <limits>
#include <sys/syscall.h>
#include <unistd.h>

namespace rondo::engine::simulation {
namespace {

bool is_writable(open_file const& file) noexcept {
    int const mode = file.flags & O_ACCMODE;
    return mode == O_WRONLY || mode == O_RDWR;
}

regular_file* as_file(open_file const& file) noexcept {
    return file.what->type() == S_IFREG ? static_cast<regular_file*>(file.what.get()) : nullptr;
}

/// Memory is as safe as it will ever be.
long sync(open_file const& file) noexcept { return as_node(*file.what) != nullptr ? 0 : -EINVAL; }

long sync_range(open_file const& file, words const& a) noexcept {
    constexpr unsigned known =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    constexpr long largest = std::numeric_limits<long>::max();
    if ((static_cast<unsigned>(a[3]) & ~known) != 0 || a[1] < 0 || a[2] < 0 ||
        a[1] > largest - a[2])
        return -EINVAL;
    return as_node(*file.what) != nullptr ? 0 : -ESPIPE;
}

long truncate(open_file const& file, words const& a) noexcept {
    regular_file* const what = as_file(file);
    return what == nullptr || !is_writable(file) ? -EINVAL : what->resize(a[1]);
}

long allocate(open_file const& file, words const& a) noexcept {
    auto const mode = static_cast<int>(a[1]);
    if (a[2] < 0 || a[3] <= 0)
        return -EINVAL;
    if (!is_writable(file))
        return -EBADF;
    regular_file* const what = as_file(file);
    if (what == nullptr)
        return file.what->type() == S_IFIFO ? -ESPIPE : -ENODEV;
    return regular_file::can_allocate(mode) ? what->allocate(mode, a[2], a[3]) : -EOPNOTSUPP;
}

long advise(open_file const& file, words const& a) noexcept {
    if (file.what->type() == S_IFIFO)
        return -ESPIPE;
    switch (static_cast<int>(a[3])) {
    case POSIX_FADV_NORMAL:
    case POSIX_FADV_RANDOM:
    case POSIX_FADV_SEQUENTIAL:
    case POSIX_FADV_WILLNEED:
    case POSIX_FADV_DONTNEED:
    case POSIX_FADV_NOREUSE: return a[2] < 0 ? -EINVAL : 0;
    default: return -EINVAL;
    }
}

/// Of what has bytes or names: `size` is where SEEK_END begins.
long seek_to(open_file& file, long base, long offset) noexcept {
    long to = 0;
    if (__builtin_add_overflow(base, offset, &to))
        return -EOVERFLOW;
    if (to < 0)
        return -EINVAL;
    file.position = to;
    return to;
}

long seek(open_file& file, words const& a) noexcept {
    auto const whence = static_cast<int>(a[2]);
    if (as_node(*file.what) == nullptr)
        return file.what->type() == 0 && whence >= SEEK_SET && whence <= SEEK_HOLE ? 0 : -ESPIPE;
    regular_file* const what = as_file(file);
    switch (whence) {
    case SEEK_SET: return seek_to(file, 0, a[1]);
    case SEEK_CUR: return seek_to(file, static_cast<long>(file.position), a[1]);
    case SEEK_END:
        return what != nullptr ? seek_to(file, static_cast<long>(what->size()), a[1]) : -EINVAL;
    case SEEK_DATA:
    case SEEK_HOLE: {
        if (what == nullptr)
            return -EINVAL;
        long const found = what->seek(a[1], whence == SEEK_DATA);
        return found < 0 ? found : seek_to(file, 0, found);
    }
    default: return -EINVAL;
    }
}

long list(open_file& file, words const& a) noexcept {
    if (file.what->type() != S_IFDIR)
        return -ENOTDIR;
    if (is_wild(a[1]))
        return -EFAULT;
    return static_cast<directory&>(*file.what)
        .list(file, reinterpret_cast<std::byte*>(a[1]), static_cast<unsigned>(a[2]));
}

long run(open_file& file, long number, words const& a) noexcept {
    switch (number) {
    case SYS_fsync:
    case SYS_fdatasync: return sync(file);
    case SYS_ftruncate: return truncate(file, a);
    case SYS_fallocate: return allocate(file, a);
    case SYS_fadvise64: return advise(file, a);
    case SYS_lseek: return seek(file, a);
    case SYS_getdents64: return list(file, a);
    default: return sync_range(file, a);
    }
}

} // namespace

bool file_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_ftruncate:
    case SYS_fallocate:
    case SYS_fadvise64:
    case SYS_lseek:
    case SYS_getdents64:
    case SYS_sync_file_range: break;
    default: return false;
    }
    std::shared_ptr<open_file> const file = find_usable(w, a[0]);
    if (number == SYS_ftruncate && a[1] < 0)
        answer = -EINVAL; // whatever the descriptor is
    else
        answer = file ? run(*file, number, a) : -EBADF;
    return true;
}

} // namespace rondo::engine::simulation
