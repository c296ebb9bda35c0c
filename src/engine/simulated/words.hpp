// SPDX-License-Identifier: MIT
#pragma once

// What the words of a system call mean: paths, directories, memory and descriptors of the program.
// One thread.

#include "directory.hpp"
#include "guarded.hpp"
#include "user_data.hpp"
#include "world.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rondo::engine::simulation {

/// True for an address that no program has: of the lowest page, or the kernel's half.
[[nodiscard]] constexpr bool is_wild(long address) noexcept {
    return address < 4096; // a page
}

/// Copies a text of the program that is shorter than `most` bytes. -EFAULT, `too_long`.
long read_text(long address, std::size_t most, long too_long, std::string& out);
/// Copies a path. -EFAULT, -ENAMETOOLONG, and -ENOENT for an empty one if that is not allowed.
long read_path(long address, bool may_be_empty, std::string& out);
/// Where a path begins that is relative to `fd`. -EBADF, -ENOTDIR.
long find_start(world& w, long fd, std::string_view path, std::shared_ptr<directory>& out);
/// What a call that does more than look at it may use: null for O_PATH, and for what is not open.
[[nodiscard]] std::shared_ptr<open_file> find_usable(world& w, long fd) noexcept;
/// A file or directory of the tree; null: it is something else.
[[nodiscard]] node* as_node(object& what) noexcept;

} // namespace rondo::engine::simulation
