// SPDX-License-Identifier: MIT
#pragma once

// What a tree is made of: what files, directories and symbolic links have in common, which is what
// statx(2) and xattr(7) tell of them. One thread.

#include "object.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class node : public object {
public:
    /// `mode`: the type, and the permissions, which are kept but not asked: the program is root.
    node(world const& w, ::mode_t mode) noexcept;

    [[nodiscard]] ::mode_t type() const noexcept final { return mode_ & S_IFMT; }
    [[nodiscard]] bool is_pollable() const noexcept final { return false; }
    long describe(struct ::statx& out) const noexcept final;

    /// The size that statx(2) tells, in bytes, and the room it takes.
    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t taken() const noexcept { return 0; }

    /// It was read. Its time changes no more often than with mount(2)'s MS_RELATIME.
    void accessed(open_file const& via) noexcept;
    /// What is in it has changed.
    void modified() noexcept;
    /// What is told of it has changed.
    void changed_status() noexcept;

    /// setxattr(2), once the name is known to be a sound one.
    long set_attribute(std::string_view name, std::vector<std::byte> value, int flags);
    /// Null: there is none.
    [[nodiscard]] std::vector<std::byte> const* attribute(std::string_view name) const noexcept;

    /// How many names it has; a directory has one more for each directory in it.
    std::uint32_t links = 0;
    /// False: it has no name and gets none again. O_TMPFILE without O_EXCL makes one that does.
    bool may_be_linked = true;

private:
    [[nodiscard]] std::int64_t clock() const noexcept;

    world const& world_;
    ::mode_t mode_;
    std::int64_t born_; // these four: nanoseconds since 1970
    std::int64_t accessed_;
    std::int64_t modified_;
    std::int64_t changed_;
    std::map<std::string, std::vector<std::byte>, std::less<>> attributes_;
};

/// A symbolic link.
class symbolic_link final : public node {
public:
    symbolic_link(world const& w, std::string_view target) : node(w, S_IFLNK | 0777), to_(target) {}

    [[nodiscard]] char const* kind() const noexcept override { return "link"; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return to_.size(); }
    [[nodiscard]] std::string const& target() const noexcept { return to_; }

private:
    std::string to_;
};

} // namespace rondo::engine::simulation
