// SPDX-License-Identifier: MIT
#pragma once

// Whole files in one call: reading, replacing, copying.
//
//     std::string text = read_file("config").or_throw("config");
//     write_file("state", text).or_throw("state");            // all of it or nothing
//     std::uint64_t bytes = copy_file("from", "to").or_throw("copy");
//
// They block. Where a ring wins nothing they make plain calls; for the rest they use the ring that
// they are given, or else default_ring(). Any thread.

#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>

#include <sys/types.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rondo {

class shared_ring;

/// What a file's bytes can be read into.
template <class T>
concept file_contents = std::same_as<T, std::string> || std::same_as<T, std::vector<std::byte>>;

/// All that is in a file, from its start to its end: regular files, those of /proc too, block
/// devices, and pipes and their like until the other side closes.
///
/// EFBIG when there are more than `limit` bytes: files like /dev/zero have no end, so say how much
/// is too much where the path is not your own. EISDIR for a directory, ENOMEM with
/// attempt::allocate, and those of open(2) and read(2).
template <file_contents Contents = std::string>
[[nodiscard]] result<Contents> read_file(
    char const* path, std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept;
template <file_contents Contents = std::string>
[[nodiscard]] result<Contents> read_file(
    shared_ring& on, char const* path,
    std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept;

/// How a file is replaced.
struct write_file_options {
    /// Less the umask, of a file that was not there before.
    ::mode_t permissions = 0666;
    /// fsync(2) before the new contents take the file's name: after a crash it has either the old
    /// or the new ones.
    bool sync = true;
    /// fsync(2) of the directory: after a crash it has the new ones.
    bool sync_directory = false;
    /// Empties the file and writes to itself, in no way at once: an error or a crash leaves a part.
    /// For what cannot be replaced, as the files of /proc and cgroups and those in directories that
    /// may not be written; and where links and attributes have to stay.
    bool in_place = false;
};

/// Makes `contents` all that is in a file, at once: they are written to a temporary file in the
/// same directory, which then takes the name. Whoever has the file open keeps the old contents, and
/// so do its other hard links. A symbolic link is followed. After an error the file is as it was
/// and the temporary one is gone; but when only the directory's fsync failed, the contents are new.
///
/// A file that was there keeps its permissions, and its owner where this process may give it away;
/// access control lists and other attributes are not kept. What is no regular file (a device, a
/// pipe) is written to instead. EISDIR for a directory; EACCES for a file that may not be written,
/// though it could be replaced; and those of open(2), write(2), fsync(2) and rename(2).
result<> write_file(char const* path, const_bytes contents,
                    write_file_options const& options = {}) noexcept;
result<> write_file(shared_ring& on, char const* path, const_bytes contents,
                    write_file_options const& options = {}) noexcept;

/// How a file is copied.
struct copy_file_options {
    /// Lets the file system share the data until one of the files changes (FICLONE), where it can.
    bool reflink = true;
    /// Lets the kernel copy (copy_file_range(2)), where it can. Else by reads and writes in flight.
    bool in_kernel = true;
    /// fsync(2) before the copy takes its name.
    bool sync = false;
    /// fsync(2) of the directory.
    bool sync_directory = false;
};

/// Copies a regular file or a block device, and returns the size of the copy in bytes. Holes of a
/// regular file stay holes. The copy takes the name `to` when it is whole, as in write_file():
/// after an error what was there is as it was. A new file gets the permissions of `from` less the
/// umask. A block device, or whatever else is no regular file, is written to from its start.
///
/// EINVAL when both are the same file, by whatever names, or when `from` is neither regular nor a
/// block device; EISDIR for directories; and those of open(2), read(2), write(2) and rename(2).
result<std::uint64_t> copy_file(char const* from, char const* to,
                                copy_file_options const& options = {}) noexcept;
result<std::uint64_t> copy_file(shared_ring& on, char const* from, char const* to,
                                copy_file_options const& options = {}) noexcept;

} // namespace rondo
