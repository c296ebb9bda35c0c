// SPDX-License-Identifier: MIT
#include "filesystem_replacement.hpp"

#include <rondo/op/file.hpp>
#include <rondo/op/fs.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>

namespace rondo {
namespace {

constexpr attempt renaming = op::attempt_of<op::renameat>;
constexpr attempt syncing = op::attempt_of<op::fsync>;

/// Links that are followed, as by open(2).
constexpr int most_links = 40;
/// Names that are tried before it is no accident any more that they are taken.
constexpr int most_names = 100;

/// The part of a path before its last name, with the slash; empty for the working directory.
std::string directory_of(std::string const& path) { return path.substr(0, path.rfind('/') + 1); }

/// What a symbolic link says, as a path from where `link` starts.
result<std::string> destination_of(std::string const& link) {
    std::string out(4096, '\0');
    ::ssize_t const size = ::readlink(link.c_str(), out.data(), out.size());
    if (size < 0)
        return fail(error::last(attempt::open));
    out.resize(static_cast<std::size_t>(size));
    return out.starts_with('/') ? out : directory_of(link) + out;
}

} // namespace

result<replacement> replacement::create(char const* path, ::mode_t permissions,
                                        bool in_place) noexcept {
    try {
        replacement out;
        if (result<> known = out.examine(path); !known)
            return fail(known.error());
        bool const is_special = out.existed_ && !S_ISREG(out.old_.st_mode);
        if (is_special || in_place) {
            int const flags = is_special ? 0 : O_CREAT | O_TRUNC;
            out.fd_.reset(::open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, permissions));
            if (!out.fd_)
                return fail(error::last(attempt::open));
            return out;
        }
        if (result<> made = out.make_temporary(permissions); !made)
            return fail(made.error());
        return out;
    } catch (std::exception const&) { // std::bad_alloc, std::length_error
        return fail(ENOMEM, attempt::allocate);
    }
}

replacement::replacement(replacement&& other) noexcept
    : fd_(std::move(other.fd_)), target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, std::string())), old_(other.old_),
      existed_(other.existed_) {}

replacement::~replacement() {
    if (!temporary_.empty())
        ::unlink(temporary_.c_str());
}

/// Finds out what the path names.
result<> replacement::examine(char const* path) {
    target_ = path;
    for (int links = 0; links < most_links; ++links) {
        existed_ = ::lstat(target_.c_str(), &old_) == 0;
        if (!existed_) {
            error const why = error::last(attempt::open);
            if (why != ENOENT || target_.empty() || target_.ends_with('/'))
                return fail(why);
            return {};
        }
        if (S_ISDIR(old_.st_mode))
            return fail(EISDIR, attempt::open);
        if (!S_ISLNK(old_.st_mode)) {
            if (::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0)
                return fail(error::last(attempt::open));
            return {};
        }
        auto next = destination_of(target_);
        if (!next)
            return fail(next.error());
        target_ = std::move(*next);
    }
    return fail(ELOOP, attempt::open);
}

result<> replacement::make_temporary(::mode_t permissions) {
    std::string const directory = directory_of(target_);
    for (int i = 0;; ++i) {
        std::uint64_t random = 0;
        if (::getrandom(&random, sizeof random, 0) != sizeof random)
            return fail(error::last(attempt::open));
        char name[32];
        std::snprintf(name, sizeof name, ".rondo-%016llx", static_cast<unsigned long long>(random));
        std::string path = directory + name;
        // Nobody else reads what replaces a file that may be secret, before it has its permissions.
        fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                         existed_ ? ::mode_t{0600} : permissions));
        if (fd_) {
            temporary_ = std::move(path);
            return existed_ ? keep_attributes() : result<>();
        }
        error const why = error::last(attempt::open);
        if (why != EEXIST || i == most_names)
            return fail(why);
    }
}

/// The owner and the permissions of what was there.
result<> replacement::keep_attributes() noexcept {
    struct ::stat now{};
    if (::fstat(fd_.get(), &now) != 0)
        return fail(error::last(attempt::stat));
    ::mode_t mode = old_.st_mode & 07777;
    if ((now.st_uid != old_.st_uid || now.st_gid != old_.st_gid) &&
        ::fchown(fd_.get(), old_.st_uid, old_.st_gid) != 0 &&
        ::fchown(fd_.get(), static_cast<::uid_t>(-1), old_.st_gid) != 0)
        mode &= 0707; // what its group might do is not for another
    if (now.st_uid != old_.st_uid && ::fstat(fd_.get(), &now) == 0 && now.st_uid != old_.st_uid)
        mode &= 0777; // neither does another's program run as its owner
    if (::fchmod(fd_.get(), mode) != 0)
        return fail(error::last(attempt::control));
    return {};
}

result<> replacement::commit(bool sync, bool sync_directory) noexcept {
    if (sync && ::fsync(fd_.get()) != 0) {
        error const why = error::last(syncing);
        if (is_fresh() || (why != EINVAL && why != EROFS)) // there is nothing to sync in a pipe
            return fail(why);
    }
    if (::close(fd_.release()) != 0)
        return fail(error::last(attempt::close));
    if (!is_fresh())
        return {};
    if (::rename(temporary_.c_str(), target_.c_str()) != 0)
        return fail(error::last(renaming));
    temporary_.clear();
    if (!sync_directory)
        return {};
    // A part of a path that was long enough: the string has its capacity already.
    std::size_t const slash = target_.rfind('/');
    target_.resize(slash == std::string::npos ? 0 : slash + 1);
    unique_fd const directory(
        ::open(target_.empty() ? "." : target_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return fail(error::last(attempt::open));
    if (::fsync(directory.get()) != 0)
        return fail(error::last(syncing));
    return {};
}

} // namespace rondo
