// SPDX-License-Identifier: MIT
// What changes names. The order of the tests is the kernel's: it decides which error is told.
#include "tree.hpp"

#include "regular_file.hpp"
#include "world.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <utility>

namespace rondo::engine::simulation {
namespace {

constexpr ::mode_t mode_bits = 07777;
constexpr ::mode_t directory_mode_bits = 01777; // mkdir(2)
constexpr int nameless_bit = O_TMPFILE & ~O_DIRECTORY;

bool is_directory(node const& what) noexcept { return what.type() == S_IFDIR; }

bool is_above(node const& what, std::shared_ptr<directory> const& other) noexcept {
    return is_directory(what) && static_cast<directory const&>(what).is_above(other);
}

/// What openat2(2) says to something that is there.
long check_open(place const& at, int flags) noexcept {
    node const& found = *at.found;
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        return -EEXIST;
    if ((flags & O_CREAT) != 0 && is_directory(found))
        return -EISDIR;
    if (((flags & O_DIRECTORY) != 0 || at.slash) && !is_directory(found))
        return -ENOTDIR;
    if ((flags & O_PATH) != 0)
        return 0;
    if (found.type() == S_IFLNK)
        return -ELOOP;
    if (is_directory(found) && (flags & (O_ACCMODE | O_TRUNC)) != 0)
        return -EISDIR;
    return is_directory(found) && (flags & O_DIRECT) != 0 ? -EINVAL : 0;
}

/// What renameat2(2) says before it looks at what the names stand for.
long check_rename(place const& old, place const& target, unsigned flags) noexcept {
    if (old.end != ending::name)
        return -EBUSY;
    if (target.end != ending::name)
        return (flags & RENAME_NOREPLACE) != 0 ? -EEXIST : -EBUSY;
    if (!old.found || (!target.found && target.in->is_gone()))
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) != 0 && target.found)
        return -EEXIST;
    bool const exchanges = (flags & RENAME_EXCHANGE) != 0;
    if (exchanges && !target.found)
        return -ENOENT;
    if (exchanges && target.slash && !is_directory(*target.found))
        return -ENOTDIR;
    if (!is_directory(*old.found) && (old.slash || (!exchanges && target.slash)))
        return -ENOTDIR;
    if (is_above(*old.found, target.in))
        return -EINVAL;
    if (target.found && is_above(*target.found, old.in))
        return exchanges ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/// What it says then.
long check_replacement(place const& old, place const& target) noexcept {
    if (!target.found)
        return 0;
    if (is_directory(*old.found) && !is_directory(*target.found))
        return -ENOTDIR;
    if (!is_directory(*old.found) && is_directory(*target.found))
        return -EISDIR;
    bool const is_full =
        is_directory(*target.found) && !static_cast<directory const&>(*target.found).is_empty();
    return is_full ? -ENOTEMPTY : 0;
}

} // namespace

tree::tree(world& w) : world_(w), top_(w.make<directory>(w, 0755)) {}

std::shared_ptr<node> tree::make_file(::mode_t mode) {
    return world_.make<regular_file>(world_, mode & mode_bits, room_);
}

long tree::open_nameless(std::shared_ptr<directory> const& from, std::string_view path, int flags,
                         ::mode_t mode, lookup how, std::shared_ptr<node>& out) {
    std::shared_ptr<node> in;
    if (long const wrong = find(from, path, how, in); wrong != 0)
        return wrong;
    if (!is_directory(*in))
        return -ENOTDIR;
    out = make_file(mode);
    out->may_be_linked = (flags & O_EXCL) == 0;
    return 0;
}

long tree::open(std::shared_ptr<directory> const& from, std::string_view path, int flags,
                ::mode_t mode, std::uint64_t resolve, std::shared_ptr<node>& out) {
    bool const creates = (flags & O_CREAT) != 0;
    bool const follows = (flags & O_NOFOLLOW) == 0 && !(creates && (flags & O_EXCL) != 0);
    lookup const how{.follow = follows, .follow_slash = !creates, .resolve = resolve};
    if ((flags & nameless_bit) != 0)
        return open_nameless(from, path, flags, mode, how, out);
    place at;
    if (long const wrong = walk(from, path, how, at); wrong != 0)
        return wrong;
    if (creates && at.end == ending::name && at.slash)
        return -EISDIR;
    if (!at.found) {
        if (!creates || at.in->is_gone())
            return -ENOENT;
        out = make_file(mode);
        at.in->add(at.name, out);
        return 0;
    }
    if (long const wrong = check_open(at, flags); wrong != 0)
        return wrong;
    out = std::move(at.found);
    if ((flags & O_TRUNC) != 0 && out->type() == S_IFREG)
        return static_cast<regular_file&>(*out).resize(0);
    return 0;
}

/// Where something new can be.
long tree::find_free(std::shared_ptr<directory> const& from, std::string_view path,
                     bool for_directory, place& out) const {
    if (long const wrong = walk(from, path, the_name_itself, out); wrong != 0)
        return wrong;
    if (out.end != ending::name || out.found)
        return -EEXIST;
    return (out.slash && !for_directory) || out.in->is_gone() ? -ENOENT : 0;
}

long tree::make_directory(std::shared_ptr<directory> const& from, std::string_view path,
                          ::mode_t mode) {
    place at;
    if (long const wrong = find_free(from, path, true, at); wrong != 0)
        return wrong;
    at.in->add(at.name, world_.make<directory>(world_, mode & directory_mode_bits));
    return 0;
}

long tree::make_symbolic_link(std::string_view target, std::shared_ptr<directory> const& from,
                              std::string_view path) {
    place at;
    if (long const wrong = find_free(from, path, false, at); wrong != 0)
        return wrong;
    at.in->add(at.name, world_.make<symbolic_link>(world_, target));
    return 0;
}

long tree::link(std::shared_ptr<node> const& what, std::shared_ptr<directory> const& from,
                std::string_view path) {
    place at;
    if (long const wrong = find_free(from, path, false, at); wrong != 0)
        return wrong;
    if (is_directory(*what))
        return -EPERM;
    // A file that lost its names gets none again; O_TMPFILE's never had one.
    if (!what->may_be_linked)
        return -ENOENT;
    at.in->add(at.name, what);
    return 0;
}

long tree::unlink(std::shared_ptr<directory> const& from, std::string_view path,
                  bool removes_directory) {
    place at;
    if (long const wrong = walk(from, path, the_name_itself, at); wrong != 0)
        return wrong;
    if (!removes_directory && at.end != ending::name)
        return -EISDIR;
    switch (at.end) {
    case ending::dot: return -EINVAL;
    case ending::dot_dot: return -ENOTEMPTY;
    case ending::top: return -EBUSY;
    case ending::name: break;
    }
    if (!at.found)
        return -ENOENT;
    if (!removes_directory && (at.slash || is_directory(*at.found)))
        return is_directory(*at.found) ? -EISDIR : -ENOTDIR;
    if (removes_directory && !is_directory(*at.found))
        return -ENOTDIR;
    if (removes_directory && !static_cast<directory&>(*at.found).is_empty())
        return -ENOTEMPTY;
    at.in->remove(at.name);
    return 0;
}

long tree::rename(place const& old, place const& target, unsigned flags) {
    if (long const wrong = check_rename(old, target, flags); wrong != 0)
        return wrong;
    if (old.found == target.found)
        return 0;
    if ((flags & RENAME_EXCHANGE) != 0) {
        old.in->exchange(old.name, *target.in, target.name);
        return 0;
    }
    if (long const wrong = check_replacement(old, target); wrong != 0)
        return wrong;
    old.in->move(old.name, *target.in, target.name);
    return 0;
}

} // namespace rondo::engine::simulation
