// SPDX-License-Identifier: MIT
#pragma once

// A directory of a tree: names and what they stand for. It only keeps them; what may be done to
// them is the tree's to know. One thread.

#include "node.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace rondo::engine::simulation {

/// See the top of this file.
class directory final : public node {
public:
    directory(world const& w, ::mode_t mode) noexcept : node(w, S_IFDIR | mode) { links = 2; }

    [[nodiscard]] char const* kind() const noexcept override { return "directory"; }
    [[nodiscard]] std::uint64_t size() const noexcept override;
    long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept override;
    long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept override;

    /// What has this name, "." and ".." not being names; null: nothing.
    [[nodiscard]] std::shared_ptr<node> find(std::string_view name) const noexcept;
    /// The directory this one is in; itself at the top. Also of one that was removed.
    [[nodiscard]] std::shared_ptr<directory> above() noexcept;
    /// True for one that was removed: it is empty and stays so.
    [[nodiscard]] bool is_gone() const noexcept { return links == 0; }
    [[nodiscard]] bool is_empty() const noexcept { return entries_.empty(); }
    /// True if this is `other` or `other` is somewhere below it.
    [[nodiscard]] bool is_above(std::shared_ptr<directory> other) const noexcept;
    /// Calls each(name) in the order of the names.
    template <class Each>
    void for_names(Each each) const {
        for (auto const& [name, what] : entries_)
            each(name);
    }

    // These count links and set times, of what the name stands for as well.

    /// A new name. Throws std::bad_alloc, and then nothing changed.
    void add(std::string_view name, std::shared_ptr<node> what);
    /// A name less. A directory that loses its name is gone.
    void remove(std::string_view name) noexcept;
    /// Swaps what two names stand for, here and in `other`, which may be this one.
    void exchange(std::string_view name, directory& other, std::string_view other_name) noexcept;
    /// Gives what has this name another one in `other`, in place of what may be there. Throws
    /// std::bad_alloc, and then nothing changed.
    void move(std::string_view name, directory& other, std::string_view other_name);

    /// getdents64(2), from the description's position on.
    long list(open_file& via, std::byte* into, std::size_t bytes) noexcept;

private:
    struct entry {
        std::shared_ptr<node> what;
        std::uint64_t place; // among all names this directory ever had: a position of getdents64
    };
    using entries = std::map<std::string, entry, std::less<>>;

    void enter(std::string_view name, std::shared_ptr<node> what);
    void leave(entries::iterator which) noexcept;
    void has_gained(node& what) noexcept;
    void has_lost(node const& what) noexcept;
    void take_name(node& of) noexcept;

    entries entries_;
    std::map<std::uint64_t, std::string_view> by_place_; // the names are those of entries_
    std::uint64_t last_place_ = 1;                       // 0 and 1 are "." and ".."
    std::weak_ptr<directory> above_;
    std::shared_ptr<directory> was_in_; // once it is gone: its ".." must not go, too
};

} // namespace rondo::engine::simulation
