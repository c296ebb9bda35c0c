// SPDX-License-Identifier: MIT
#pragma once

// replacement: new contents for a path. They go to a temporary file beside it, which takes the name
// when all is written, or vanishes; what is no regular file, or is to be written in place, is
// written to itself. One thread.

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

namespace rondo {

/// See the top of this file. Move-only.
class replacement {
public:
    /// `permissions`, less the umask, are for a file that is not there yet. EISDIR, EACCES, ELOOP,
    /// ENOMEM, and the errors of open(2).
    [[nodiscard]] static result<replacement> create(char const* path, ::mode_t permissions,
                                                    bool in_place = false) noexcept;
    replacement(replacement&& other) noexcept;
    replacement& operator=(replacement&&) = delete;
    /// Removes the temporary file unless commit() has succeeded.
    ~replacement();

    [[nodiscard]] unique_fd const& fd() const noexcept { return fd_; }
    /// Whether the descriptor is of an empty file of its own.
    [[nodiscard]] bool is_fresh() const noexcept { return !temporary_.empty(); }
    /// Whether that file is what the path names now.
    [[nodiscard]] bool replaces(struct ::stat const& file) const noexcept {
        bool const both_devices = S_ISBLK(old_.st_mode) && S_ISBLK(file.st_mode);
        return existed_ &&
               (both_devices ? old_.st_rdev == file.st_rdev
                             : old_.st_dev == file.st_dev && old_.st_ino == file.st_ino);
    }

    /// Gives the contents the name.
    result<> commit(bool sync, bool sync_directory) noexcept;

private:
    replacement() noexcept = default;
    result<> examine(char const* path);
    result<> make_temporary(::mode_t permissions);
    result<> keep_attributes() noexcept;

    unique_fd fd_;
    std::string target_;    ///< the path without symbolic links at its end
    std::string temporary_; ///< in the same directory; empty: there is none
    struct ::stat old_{};   ///< of the target, if `existed_`
    bool existed_ = false;
};

} // namespace rondo
