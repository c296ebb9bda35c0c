// SPDX-License-Identifier: MIT
#include "descriptors.hpp"

#include "calls.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <new>
#include <poll.h>
#include <sys/stat.h>

namespace rondo::engine::emulation {

bool is_open(int fd) noexcept { return call(SYS_fcntl, fd, F_GETFD) >= 0; }

bool gives_access(int fd) noexcept {
    long const flags = call(SYS_fcntl, fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0;
}

long duplicate(int fd) noexcept {
    constexpr int lowest = 3; // programs give those below a meaning
    long const copy = call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest);
    return copy == -EINVAL ? -EMFILE : copy; // the limit of open files is below that
}

namespace {

/// S_IFREG, ...; 0 for what has none, or is not open.
unsigned type_of(int fd) noexcept {
    struct ::statx about{};
    // Without asking a server: the type does not change.
    if (call(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &about) < 0)
        return 0;
    return about.stx_mode & S_IFMT;
}

/// What select(2) can tell of it. It knows of no limit but the descriptor's own number.
std::uint32_t selected_now(int fd, std::uint32_t events) noexcept {
    constexpr std::size_t word_bits = 8 * sizeof(unsigned long);
    constexpr std::size_t few = 16;
    if (fd < 0)
        return 0;
    auto const number = static_cast<std::size_t>(fd);
    std::size_t const at = number / word_bits, words = at + 1;
    unsigned long const bit = 1ul << number % word_bits;
    unsigned long on_stack[3 * few] = {};
    std::unique_ptr<unsigned long[]> many;
    if (words > few) {
        many.reset(new (std::nothrow) unsigned long[3 * words]());
        if (!many)
            return 0;
    }
    unsigned long* const sets = many ? many.get() : on_stack;
    constexpr std::uint32_t asked[3] = {POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM, POLLPRI};
    for (std::size_t i = 0; i < 3; ++i)
        sets[i * words + at] = bit;
    long at_once[2] = {0, 0};
    long const found = call(SYS_pselect6, fd + 1, sets, sets + words, sets + 2 * words, at_once, 0);
    if (found == -EBADF)
        return POLLNVAL;
    std::uint32_t seen = 0;
    for (std::size_t i = 0; found > 0 && i < 3; ++i)
        if ((sets[i * words + at] & bit) != 0)
            seen |= asked[i] & events;
    return seen;
}

} // namespace

std::uint32_t seen_now(int fd, std::uint32_t events) noexcept {
    ::pollfd looked_at{fd, static_cast<short>(events), 0};
    long at_once[2] = {0, 0}; // seconds and nanoseconds, as wide as the call wants them
    constexpr std::size_t signal_set_bytes = 8;
    long const found = call(SYS_ppoll, &looked_at, 1, at_once, nullptr, signal_set_bytes);
    if (found == -EINVAL) // poll(2): more entries than RLIMIT_NOFILE, which is 0
        return selected_now(fd, events);
    return found > 0 ? static_cast<std::uint16_t>(looked_at.revents) : 0;
}

bool has_blocks(int fd) noexcept {
    unsigned const type = type_of(fd);
    return type == S_IFREG || type == S_IFDIR || type == S_IFBLK;
}

bool is_directory(int fd) noexcept { return type_of(fd) == S_IFDIR; }

std::optional<bool> is_same_file(int a, int b) noexcept {
    constexpr int query = 1027; // F_DUPFD_QUERY, Linux 6.10
    if (long const same = call(SYS_fcntl, a, query, b); same >= 0)
        return same == 1;
    constexpr int of_files = 0; // KCMP_FILE, where kcmp(2) was built in and is not forbidden
    long const self = call(SYS_getpid);
    if (long const order = call(SYS_kcmp, self, self, of_files, a, b); order >= 0)
        return order == 0;
    return std::nullopt;
}

} // namespace rondo::engine::emulation
