// SPDX-License-Identifier: MIT
// System calls that take paths, but for opening and for attributes.
#include "file_families.hpp"

#include "tree.hpp"
#include "words.hpp"

#include <algorithm>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

namespace rondo::engine::simulation {
namespace {

/// What two words of a call, a directory and a path, name.
struct named {
    std::shared_ptr<directory> from;
    std::string path;

    long read(world& w, long fd, long address) {
        long const wrong = read_path(address, false, path);
        return wrong != 0 ? wrong : find_start(w, fd, path, from);
    }
};

/// What `fd` itself stands for: AT_EMPTY_PATH.
long find_descriptor(world& w, long fd, std::shared_ptr<object>& out) {
    if (static_cast<int>(fd) == AT_FDCWD) {
        out = w.files().top();
        return 0;
    }
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(fd));
    if (!file)
        return -EBADF;
    out = file->what;
    return 0;
}

/// What a call with AT_EMPTY_PATH is about.
long find_object(world& w, long fd, long address, lookup how, bool may_be_empty,
                 std::shared_ptr<object>& out) {
    named at;
    if (may_be_empty && address == 0) // Linux 6.11
        return find_descriptor(w, fd, out);
    if (long const wrong = read_path(address, may_be_empty, at.path); wrong != 0)
        return wrong;
    if (at.path.empty())
        return find_descriptor(w, fd, out);
    std::shared_ptr<node> found;
    long wrong = find_start(w, fd, at.path, at.from);
    if (wrong == 0)
        wrong = w.files().find(at.from, at.path, how, found);
    out = std::move(found);
    return wrong;
}

long mkdirat(world& w, words const& a) {
    named at;
    long const wrong = at.read(w, a[0], a[1]);
    return wrong != 0 ? wrong
                      : w.files().make_directory(at.from, at.path, static_cast<::mode_t>(a[2]));
}

long unlinkat(world& w, words const& a) {
    auto const flags = static_cast<int>(a[2]);
    if ((flags & ~AT_REMOVEDIR) != 0)
        return -EINVAL;
    named at;
    long const wrong = at.read(w, a[0], a[1]);
    return wrong != 0 ? wrong : w.files().unlink(at.from, at.path, flags != 0);
}

long walk_to(world& w, long fd, long address, place& out) {
    named at;
    long const wrong = at.read(w, fd, address);
    return wrong != 0 ? wrong : w.files().walk(at.from, at.path, the_name_itself, out);
}

long renameat2(world& w, words const& a) {
    auto const flags = static_cast<unsigned>(a[4]);
    if (flags > RENAME_EXCHANGE) // both at once, or RENAME_WHITEOUT
        return -EINVAL;
    place old;
    place target;
    if (long const wrong = walk_to(w, a[0], a[1], old); wrong != 0)
        return wrong;
    long const wrong = walk_to(w, a[2], a[3], target);
    return wrong != 0 ? wrong : tree::rename(old, target, flags);
}

long linkat(world& w, words const& a) {
    auto const flags = static_cast<int>(a[4]);
    if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    std::shared_ptr<object> old;
    lookup const how{.follow = (flags & AT_SYMLINK_FOLLOW) != 0};
    if (long const wrong = find_object(w, a[0], a[1], how, (flags & AT_EMPTY_PATH) != 0, old);
        wrong != 0)
        return wrong;
    named target;
    if (long const wrong = target.read(w, a[2], a[3]); wrong != 0)
        return wrong;
    if (as_node(*old) == nullptr) // which is on no disk
        return -EXDEV;
    return w.files().link(std::static_pointer_cast<node>(old), target.from, target.path);
}

/// The target is looked at first, whatever is wrong with the rest.
long symlinkat(world& w, words const& a) {
    std::string target;
    if (long const wrong = read_path(a[0], false, target); wrong != 0)
        return wrong;
    named at;
    long const wrong = at.read(w, a[1], a[2]);
    return wrong != 0 ? wrong : w.files().make_symbolic_link(target, at.from, at.path);
}

long readlinkat(world& w, words const& a) {
    auto const room = static_cast<int>(a[3]);
    if (room <= 0)
        return -EINVAL;
    std::shared_ptr<object> found;
    if (long const wrong = find_object(w, a[0], a[1], {.follow = false}, a[1] != 0, found);
        wrong != 0)
        return wrong;
    if (found->type() != S_IFLNK)
        return get_value<char>(a[1]) == 0 ? -ENOENT : -EINVAL;
    if (is_wild(a[2]))
        return -EFAULT;
    std::string const& target = static_cast<symbolic_link&>(*found).target();
    std::size_t const bytes = std::min(target.size(), static_cast<std::size_t>(room));
    put_bytes(a[2], target.data(), bytes);
    return static_cast<long>(bytes);
}

long statx(world& w, words const& a) {
    auto const flags = static_cast<int>(a[2]);
    constexpr int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
                          AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
    if ((static_cast<std::uint32_t>(a[3]) & STATX__RESERVED) != 0 || (flags & ~known) != 0 ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    std::shared_ptr<object> found;
    lookup const how{.follow = (flags & AT_SYMLINK_NOFOLLOW) == 0};
    if (long const wrong = find_object(w, a[0], a[1], how, (flags & AT_EMPTY_PATH) != 0, found);
        wrong != 0)
        return wrong;
    struct ::statx about{};
    if (long const wrong = found->describe(about); wrong != 0)
        return wrong;
    if (is_wild(a[4]))
        return -EFAULT;
    put_bytes(a[4], &about, sizeof about);
    return 0;
}

using path_call = long (*)(world& w, words const& a);

path_call find_call(long number) noexcept {
    switch (number) {
    case SYS_mkdirat: return mkdirat;
    case SYS_unlinkat: return unlinkat;
    case SYS_renameat2: return renameat2;
    case SYS_linkat: return linkat;
    case SYS_symlinkat: return symlinkat;
    case SYS_readlinkat: return readlinkat;
    case SYS_statx: return statx;
    default: return nullptr;
    }
}

} // namespace

bool path_calls(world& w, long number, words const& a, long& answer) noexcept {
    if (path_call const which = find_call(number); which != nullptr) {
        answer = guarded([&] { return which(w, a); });
        return true;
    }
    return open_calls(w, number, a, answer) || attribute_calls(w, number, a, answer);
}

} // namespace rondo::engine::simulation
