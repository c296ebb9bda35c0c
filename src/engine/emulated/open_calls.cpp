// SPDX-License-Identifier: MIT
// Opening: at once when the kernel has the whole path in its cache and nothing is created or cut
// off, else on a worker.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "user_memory.hpp"

#include <rondo/abi/sqe.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint64_t resolve_cached = 0x20; // RESOLVE_CACHED, Linux 5.12
constexpr std::uint64_t tmpfile_bit = O_TMPFILE & ~O_DIRECTORY;

// What openat(2) takes notice of. O_LARGEFILE is always set by the kernel itself.
constexpr std::uint64_t known_flags =
    O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC |
    O_DIRECT | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE; // with what these imply
constexpr std::uint64_t path_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::uint64_t mode_bits = 07777;

bool creates(std::uint64_t flags) noexcept { return (flags & (O_CREAT | tmpfile_bit)) != 0; }

/// openat(2)'s flags and mode as openat2(2), which is strict, takes them.
::open_how how_of_openat(abi::sqe const& entry) noexcept {
    ::open_how how{};
    how.flags = entry.open_flags & known_flags;
    if ((how.flags & O_PATH) != 0)
        how.flags &= path_flags;
    if (creates(how.flags))
        how.mode = entry.len & mode_bits;
    return how;
}

::open_how how_of_openat2(abi::sqe const& entry) noexcept {
    ::open_how how;
    std::memcpy(&how, pointer_to<void const>(entry.addr2), sizeof how);
    return how;
}

/// -EFAULT, or -E2BIG when more is set than this engine knows.
std::int32_t check_how(abi::sqe const& entry) noexcept {
    if (!is_mapped(entry.addr2, entry.len))
        return -EFAULT;
    auto const* const bytes = pointer_to<std::byte const>(entry.addr2);
    for (std::size_t i = sizeof(::open_how); i < entry.len; ++i)
        if (bytes[i] != std::byte{})
            return -E2BIG;
    return 0;
}

std::int32_t check_open(abi::sqe const& entry, ::open_how const& how) noexcept {
    if (entry.buf_index != 0)
        return -EINVAL;
    if ((entry.flags & raw(abi::sqe_flag::fixed_file)) != 0)
        return -EBADF;
    if (std::int32_t const path = check_path(entry.addr); path != 0)
        return path;
    return entry.file_index != 0 && (how.flags & O_CLOEXEC) != 0 ? -EINVAL : 0;
}

std::int32_t check_openat(abi::sqe const& entry) noexcept {
    return check_open(entry, how_of_openat(entry));
}

std::int32_t check_openat2(abi::sqe const& entry) noexcept {
    if (entry.len < sizeof(::open_how))
        return -EINVAL;
    std::int32_t const how = check_how(entry);
    return how != 0 ? how : check_open(entry, how_of_openat2(entry));
}

bool keep_openat(request& r) noexcept { return keep_text(r, r.sqe().addr); }

bool keep_openat2(request& r) noexcept {
    return keep_openat(r) && keep_bytes(r, r.sqe().addr2, sizeof(::open_how));
}

/// What a file in a slot is opened with: its descriptor is the engine's and no child's.
::open_how for_destination(abi::sqe const& entry, ::open_how how) noexcept {
    if (entry.file_index != 0)
        how.flags |= O_CLOEXEC;
    return how;
}

/// As the kernel does it inline: with what is cached, and without waiting for the other side of a
/// FIFO, for which the file is opened non-blocking and made a blocking one afterwards. -EAGAIN: a
/// worker has to do it.
long open_at_once(abi::sqe const& entry, ::open_how how) noexcept {
    if ((how.flags & O_TRUNC) != 0 || creates(how.flags))
        return -EAGAIN;
    bool const stays = (how.flags & (O_NONBLOCK | O_PATH)) != 0;
    how.resolve |= resolve_cached;
    if (!stays)
        how.flags |= O_NONBLOCK;
    long const fd = call(SYS_openat2, entry.fd, entry.addr, &how, sizeof how);
    // Without openat2, or RESOLVE_CACHED, or a container's leave to use them.
    if (fd == -ENOSYS || fd == -EINVAL || fd == -EPERM)
        return -EAGAIN;
    if (fd >= 0 && !stays) {
        int const off = 0;
        call(SYS_ioctl, fd, FIONBIO, &off);
    }
    return fd;
}

outcome do_openat(request& r, bool may_block) noexcept {
    abi::sqe const& entry = r.sqe();
    ::open_how const how = for_destination(entry, how_of_openat(entry));
    if (may_block)
        return outcome::answer(call(SYS_openat, entry.fd, entry.addr, how.flags, how.mode));
    long const fd = open_at_once(entry, how);
    return fd == -EAGAIN ? outcome::blocking() : outcome::answer(fd);
}

outcome do_openat2(request& r, bool may_block) noexcept {
    abi::sqe const& entry = r.sqe();
    ::open_how const how = for_destination(entry, how_of_openat2(entry));
    if (may_block) {
        long const fd = call(SYS_openat2, entry.fd, entry.addr, &how, sizeof how);
        return outcome::answer(fd == -ENOSYS ? -EINVAL : fd);
    }
    long const fd = open_at_once(entry, how);
    return fd == -EAGAIN ? outcome::blocking() : outcome::answer(fd);
}

constexpr operation openat{
    .check = check_openat, .keep = keep_openat, .attempt = do_openat, .makes_file = true};
constexpr operation openat2{
    .check = check_openat2, .keep = keep_openat2, .attempt = do_openat2, .makes_file = true};

} // namespace

operation const* find_open(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::openat: return &openat;
    case abi::opcode::openat2: return &openat2;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
