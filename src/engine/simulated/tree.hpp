// SPDX-License-Identifier: MIT
#pragma once

// A file system in memory: names, and what may be done with them, as Linux answers it to root with
// an empty umask. All paths that are not absolute begin at a directory that the caller gives; the
// working directory of the program is the top. One thread.

#include "directory.hpp"
#include "pages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::engine::simulation {

/// How a path is looked up.
struct lookup {
    bool follow = true;       ///< the symbolic link at its end
    bool follow_slash = true; ///< the same, where a slash comes after it
    std::uint64_t resolve =
        0; ///< RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT: openat2(2)
};

/// For what changes the name and not what it stands for.
inline constexpr lookup the_name_itself{.follow = false, .follow_slash = false};

/// How a path ends.
enum class ending : std::uint8_t { name, dot, dot_dot, top };

/// Where a path leads.
struct place {
    std::shared_ptr<directory> in; ///< what has the last name, or would have it
    std::string name;              ///< the last one
    ending end = ending::name;     ///< else there is no name, and `found` is a directory
    bool slash = false;            ///< after the last name
    std::shared_ptr<node> found;   ///< null: there is nothing of that name
};

/// See the top of this file. Calls answer a value or minus an errno; they may throw std::bad_alloc,
/// and then nothing has changed.
class tree {
public:
    explicit tree(world& w);

    // For programs and their tests. Paths begin at the top, with or without a slash.

    /// A file with these contents, in place of those it may have, and the directories on the way to
    /// it: 0, -ENOSPC (what fits is there), or why no file can be there.
    long write(std::string_view path, std::span<std::byte const> contents) noexcept;
    /// A file's contents; none: it is no file.
    [[nodiscard]] std::optional<std::vector<std::byte>> read(std::string_view path) const;
    [[nodiscard]] bool exists(std::string_view path) const;
    /// The names in a directory, in order; none: it is no directory.
    [[nodiscard]] std::vector<std::string> list(std::string_view path) const;
    /// Removes a file, a symbolic link, or an empty directory.
    bool remove(std::string_view path);
    /// How much all files may take together, in bytes; 1 GiB at first. Each takes pages of 4096
    /// bytes. What is there stays.
    void set_capacity(std::uint64_t bytes) noexcept { room_->capacity = bytes; }

    // For system calls.

    [[nodiscard]] std::shared_ptr<directory> const& top() const noexcept { return top_; }
    /// Everything but the last name has to be there: -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, and
    /// -EXDEV for RESOLVE_BENEATH.
    long walk(std::shared_ptr<directory> const& from, std::string_view path, lookup how,
              place& out) const;
    /// What a path names. -ENOENT if it is not there, and see walk.
    long find(std::shared_ptr<directory> const& from, std::string_view path, lookup how,
              std::shared_ptr<node>& out) const;

    /// openat2(2), but for the descriptor.
    long open(std::shared_ptr<directory> const& from, std::string_view path, int flags,
              ::mode_t mode, std::uint64_t resolve, std::shared_ptr<node>& out);
    /// mkdirat(2), symlinkat(2), linkat(2), unlinkat(2), renameat2(2).
    long make_directory(std::shared_ptr<directory> const& from, std::string_view path,
                        ::mode_t mode);
    long make_symbolic_link(std::string_view target, std::shared_ptr<directory> const& from,
                            std::string_view path);
    long link(std::shared_ptr<node> const& what, std::shared_ptr<directory> const& from,
              std::string_view path);
    long unlink(std::shared_ptr<directory> const& from, std::string_view path, bool is_directory);
    /// Of two places that were walked to with `the_name_itself`.
    static long rename(place const& old, place const& target, unsigned flags);

private:
    long find_free(std::shared_ptr<directory> const& from, std::string_view path, bool is_directory,
                   place& out) const;
    long open_nameless(std::shared_ptr<directory> const& from, std::string_view path, int flags,
                       ::mode_t mode, lookup how, std::shared_ptr<node>& out);
    [[nodiscard]] std::shared_ptr<node> make_file(::mode_t mode);

    world& world_;
    std::shared_ptr<disk_space> room_ = std::make_shared<disk_space>();
    std::shared_ptr<directory> top_;
};

} // namespace rondo::engine::simulation
