// SPDX-License-Identifier: MIT
// openat(2) and openat2(2).
#include "file_families.hpp"

#include "tree.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/openat2.h>

namespace rondo::engine::simulation {
namespace {

constexpr std::uint64_t mode_bits = 07777;
constexpr std::uint64_t nameless_bit = O_TMPFILE & ~O_DIRECTORY;
constexpr std::uint64_t large_file = 0100000; // the kernel's O_LARGEFILE; the C library's may be 0
constexpr std::uint64_t known_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
                                      O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_NOFOLLOW |
                                      O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE | large_file;
constexpr std::uint64_t path_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::uint64_t resolve_cached = 0x20; // RESOLVE_CACHED, Linux 5.12
constexpr std::uint64_t known_resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
                                        RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT |
                                        resolve_cached;
/// What is not a property of the description. Placeholders are all of them O_CLOEXEC.
constexpr std::uint64_t momentary = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;

bool has(std::uint64_t flags, std::uint64_t which) noexcept { return (flags & which) != 0; }

/// What openat2(2) is strict about.
long check(::open_how const& how) noexcept {
    bool const creates = has(how.flags, O_CREAT | nameless_bit);
    if ((how.flags & ~known_flags) != 0 || (how.resolve & ~known_resolve) != 0)
        return -EINVAL;
    if (has(how.resolve, RESOLVE_BENEATH) && has(how.resolve, RESOLVE_IN_ROOT))
        return -EINVAL;
    if ((how.mode & ~(creates ? mode_bits : 0)) != 0)
        return -EINVAL;
    if (has(how.flags, O_DIRECTORY) && has(how.flags, O_CREAT))
        return -EINVAL;
    if (has(how.flags, nameless_bit) &&
        (!has(how.flags, O_DIRECTORY) || !has(how.flags, O_WRONLY | O_RDWR)))
        return -EINVAL;
    if (has(how.flags, O_PATH) && (how.flags & ~path_flags) != 0)
        return -EINVAL;
    return has(how.resolve, resolve_cached) && (creates || has(how.flags, O_TRUNC)) ? -EAGAIN : 0;
}

long open(world& w, long fd, long path_address, ::open_how const& how) {
    if (long const wrong = check(how); wrong != 0)
        return wrong;
    std::string path;
    if (long const wrong = read_path(path_address, false, path); wrong != 0)
        return wrong;
    std::shared_ptr<directory> from;
    // There "/" is the descriptor itself.
    std::string_view const begin = has(how.resolve, RESOLVE_IN_ROOT) ? "" : std::string_view(path);
    if (long const wrong = find_start(w, fd, begin, from); wrong != 0)
        return wrong;
    std::uint64_t const implied = has(how.flags, O_SYNC & ~O_DSYNC) ? O_DSYNC : 0;
    int const flags = static_cast<int>((how.flags & ~momentary) | implied);
    std::shared_ptr<node> found;
    long const done = w.files().open(from, path, static_cast<int>(how.flags),
                                     static_cast<::mode_t>(how.mode), how.resolve, found);
    return done != 0 ? done : w.add(std::move(found), flags);
}

/// As openat(2) always did, what it does not know is no error.
long openat(world& w, words const& a) {
    ::open_how how{};
    how.flags = static_cast<std::uint64_t>(a[2]) & known_flags;
    if (has(how.flags, O_PATH))
        how.flags &= path_flags;
    if (has(how.flags, O_CREAT | nameless_bit))
        how.mode = static_cast<std::uint64_t>(a[3]) & mode_bits;
    return open(w, a[0], a[1], how);
}

long openat2(world& w, words const& a) {
    auto const size = static_cast<std::size_t>(a[3]);
    ::open_how how{};
    std::array<std::byte, 4096> given{};
    if (size < sizeof how)
        return -EINVAL;
    if (size > given.size())
        return -E2BIG;
    if (is_wild(a[2]))
        return -EFAULT;
    get_bytes(a[2], given.data(), size);
    get_bytes(a[2], &how, sizeof how);
    bool const knows_more = std::any_of(given.begin() + sizeof how, given.end(),
                                        [](std::byte one) { return one != std::byte{}; });
    return knows_more ? -E2BIG : open(w, a[0], a[1], how);
}

} // namespace

bool open_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_openat: answer = guarded([&] { return openat(w, a); }); return true;
    case SYS_openat2: answer = guarded([&] { return openat2(w, a); }); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
