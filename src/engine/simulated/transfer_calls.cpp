// SPDX-License-Identifier: MIT
// Reading and writing of all kinds of objects.
#include "words.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <vector>

namespace rondo::engine::simulation {
namespace {

constexpr std::size_t most_bytes = 0x7ffff000; // of one call, as read(2) says

/// One of the calls, with its words in their places.
struct transfer {
    bool writes;
    parts memory;
    std::int64_t at = here;
    int rwf = 0;
};

bool is_allowed(open_file const& file, bool writes) noexcept {
    int const mode = file.flags & O_ACCMODE;
    return mode == O_RDWR || mode == (writes ? O_WRONLY : O_RDONLY);
}

/// -EINVAL and -EFAULT for what no memory of a program is.
long check_memory(parts memory) noexcept {
    for (::iovec const& part : memory)
        if (static_cast<::ssize_t>(part.iov_len) < 0)
            return -EINVAL;
    for (::iovec const& part : memory)
        if (part.iov_len != 0 && is_wild(reinterpret_cast<long>(part.iov_base)))
            return -EFAULT;
    return 0;
}

/// The first `most_bytes` bytes of more than that.
std::vector<::iovec> cut_off(parts memory) {
    std::vector<::iovec> out;
    std::size_t room = most_bytes;
    for (::iovec part : memory) {
        part.iov_len = std::min(part.iov_len, room);
        room -= part.iov_len;
        out.push_back(part);
    }
    return out;
}

bool is_too_much(parts memory) noexcept {
    std::size_t room = most_bytes;
    for (::iovec const& part : memory) {
        if (part.iov_len > room)
            return true;
        room -= part.iov_len;
    }
    return false;
}

long move(open_file& file, transfer const& what) noexcept {
    object& with = *file.what;
    return what.writes ? with.write(file, what.memory, what.at, what.rwf)
                       : with.read(file, what.memory, what.at, what.rwf);
}

long run(open_file& file, transfer what) {
    if (!is_too_much(what.memory))
        return move(file, what);
    std::vector<::iovec> const less = cut_off(what.memory);
    what.memory = less;
    return move(file, what);
}

/// read(2), write(2), pread(2) and pwrite(2), which have one piece of memory.
long run_plain(world& w, words const& a, bool writes, bool has_offset) {
    if (has_offset && a[3] < 0)
        return -EINVAL;
    ::iovec const all{reinterpret_cast<void*>(a[1]), static_cast<std::size_t>(a[2])};
    std::shared_ptr<open_file> const file = find_usable(w, a[0]);
    if (!file || !is_allowed(*file, writes))
        return -EBADF;
    long const wrong = check_memory({&all, 1});
    return wrong != 0 ? wrong : run(*file, {writes, {&all, 1}, has_offset ? a[3] : here});
}

/// readv(2), writev(2), preadv2(2) and pwritev2(2).
long run_vector(world& w, words const& a, transfer what) {
    if (what.at < here)
        return -EINVAL;
    std::shared_ptr<open_file> const file = find_usable(w, a[0]);
    if (!file || !is_allowed(*file, what.writes))
        return -EBADF;
    if (static_cast<unsigned long>(a[2]) > IOV_MAX)
        return -EINVAL;
    if (a[2] != 0 && is_wild(a[1]))
        return -EFAULT;
    what.memory = {reinterpret_cast<::iovec const*>(a[1]), static_cast<std::size_t>(a[2])};
    if (long const wrong = check_memory(what.memory); wrong != 0)
        return wrong;
    // No bytes at all are nothing to ask the object about.
    return bytes_of(what.memory) == 0 ? 0 : run(*file, what);
}

/// The offset of preadv2(2): two words where one does not hold it.
std::int64_t offset_of(words const& a) noexcept {
    if constexpr (sizeof(long) == sizeof(std::int64_t))
        return a[3];
    else
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a[4]) << 32 |
                                         static_cast<std::uint32_t>(a[3]));
}

} // namespace

bool transfer_calls(world& w, long number, words const& a, long& answer) noexcept {
    auto const run_call = [&]() -> long {
        switch (number) {
        case SYS_read: return run_plain(w, a, false, false);
        case SYS_write: return run_plain(w, a, true, false);
        case SYS_pread64: return run_plain(w, a, false, true);
        case SYS_pwrite64: return run_plain(w, a, true, true);
        case SYS_readv: return run_vector(w, a, {.writes = false, .memory = {}});
        case SYS_writev: return run_vector(w, a, {.writes = true, .memory = {}});
        default:
            return run_vector(w, a,
                              {.writes = number == SYS_pwritev2,
                               .memory = {},
                               .at = offset_of(a),
                               .rwf = static_cast<int>(a[5])});
        }
    };
    switch (number) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_readv:
    case SYS_writev:
    case SYS_preadv2:
    case SYS_pwritev2: answer = guarded(run_call); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
