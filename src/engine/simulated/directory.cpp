// SPDX-License-Identifier: MIT
#include "directory.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/fs.h>
#include <utility>

namespace rondo::engine::simulation {
namespace {

/// What one name adds to statx(2)'s size, as in tmpfs(5).
constexpr std::uint64_t bytes_of_name = 20;

/// linux_dirent64 of getdents64(2), up to the name.
struct record {
    std::uint64_t inode;
    std::int64_t next; // the position after it
    std::uint16_t bytes;
    std::uint8_t type;
};
constexpr std::size_t name_offset = 19;
static_assert(offsetof(record, type) + sizeof(std::uint8_t) == name_offset);

/// Fills a buffer with records.
class record_writer {
public:
    record_writer(std::byte* into, std::size_t bytes) noexcept : into_{into, bytes} {}

    /// False: there is no room for it.
    bool add(node const& what, std::string_view name, std::uint64_t place) noexcept {
        std::array<std::byte, 288> bytes{}; // of a name of 255 bytes, its end, and the rest
        std::size_t const size = (name_offset + name.size() + 1 + 7) / 8 * 8;
        if (into_.iov_len - done_ < size)
            return false;
        record const head{what.id, static_cast<std::int64_t>(place + 1),
                          static_cast<std::uint16_t>(size),
                          static_cast<std::uint8_t>(what.type() >> 12)};
        std::memcpy(bytes.data(), &head, name_offset);
        std::memcpy(bytes.data() + name_offset, name.data(), name.size());
        copy_to({&into_, 1}, done_, bytes.data(), size);
        done_ += size;
        return true;
    }
    [[nodiscard]] std::size_t done() const noexcept { return done_; }

private:
    ::iovec into_;
    std::size_t done_ = 0;
};

directory& as_directory(node& what) noexcept { return static_cast<directory&>(what); }

} // namespace

std::uint64_t directory::size() const noexcept { return entries_.size() * bytes_of_name; }

long directory::read(open_file&, parts, std::int64_t, int rwf) noexcept {
    return (rwf & ~RWF_HIPRI) != 0 ? -EOPNOTSUPP : -EISDIR;
}

long directory::write(open_file&, parts, std::int64_t, int) noexcept { return -EISDIR; }

std::shared_ptr<node> directory::find(std::string_view name) const noexcept {
    auto const found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second.what;
}

std::shared_ptr<directory> directory::above() noexcept {
    std::shared_ptr<directory> out = above_.lock();
    return out ? out : std::static_pointer_cast<directory>(shared_from_this());
}

bool directory::is_above(std::shared_ptr<directory> other) const noexcept {
    for (;;) {
        if (other.get() == this)
            return true;
        std::shared_ptr<directory> next = other->above();
        if (next == other)
            return false;
        other = std::move(next);
    }
}

void directory::enter(std::string_view name, std::shared_ptr<node> what) {
    std::uint64_t const position = last_place_ + 1;
    auto const added = entries_.emplace(name, entry{std::move(what), position}).first;
    try {
        by_place_.emplace(position, added->first);
    } catch (...) {
        entries_.erase(added);
        throw;
    }
    last_place_ = position;
    has_gained(*added->second.what);
}

void directory::leave(entries::iterator which) noexcept {
    has_lost(*which->second.what);
    by_place_.erase(which->second.place);
    entries_.erase(which);
}

void directory::has_gained(node& what) noexcept {
    if (what.type() == S_IFDIR) {
        ++links;
        as_directory(what).above_ = std::static_pointer_cast<directory>(shared_from_this());
    }
    modified();
}

void directory::has_lost(node const& what) noexcept {
    if (what.type() == S_IFDIR)
        --links;
    modified();
}

void directory::add(std::string_view name, std::shared_ptr<node> what) {
    node& added = *what;
    enter(name, std::move(what));
    if (added.type() != S_IFDIR)
        ++added.links;
    added.changed_status();
}

void directory::take_name(node& of) noexcept {
    if (of.type() == S_IFDIR) {
        of.links = 0;
        as_directory(of).was_in_ = std::static_pointer_cast<directory>(shared_from_this());
    } else {
        --of.links;
    }
    of.may_be_linked = of.links != 0;
    of.changed_status();
}

void directory::remove(std::string_view name) noexcept {
    auto const found = entries_.find(name);
    std::shared_ptr<node> const removed = found->second.what;
    leave(found);
    take_name(*removed);
}

void directory::exchange(std::string_view name, directory& other,
                         std::string_view other_name) noexcept {
    std::shared_ptr<node>& mine = entries_.find(name)->second.what;
    std::shared_ptr<node>& its = other.entries_.find(other_name)->second.what;
    has_lost(*mine);
    other.has_lost(*its);
    mine.swap(its);
    has_gained(*mine);
    other.has_gained(*its);
    mine->changed_status();
    its->changed_status();
}

void directory::move(std::string_view name, directory& other, std::string_view other_name) {
    std::shared_ptr<node> const moved = entries_.find(name)->second.what;
    auto const target = other.entries_.find(other_name);
    if (target == other.entries_.end()) {
        other.enter(other_name, moved);
    } else {
        std::shared_ptr<node> const replaced = std::exchange(target->second.what, moved);
        other.has_lost(*replaced);
        other.take_name(*replaced);
        other.has_gained(*moved);
    }
    leave(entries_.find(name));
    moved->changed_status();
}

long directory::list(open_file& via, std::byte* into, std::size_t bytes) noexcept {
    if (is_gone())
        return -ENOENT;
    record_writer out(into, bytes);
    auto place = static_cast<std::uint64_t>(via.position);
    bool fits = true;
    auto const put = [&](node const& what, std::string_view name, std::uint64_t at) {
        fits = fits && out.add(what, name, at);
        if (fits)
            place = at + 1;
    };
    if (place == 0)
        put(*this, ".", 0);
    if (place == 1)
        put(*above(), "..", 1);
    for (auto i = by_place_.lower_bound(place); fits && i != by_place_.end(); ++i)
        put(*find(i->second), i->second, i->first);
    via.position = static_cast<std::int64_t>(place);
    accessed(via);
    return fits || out.done() != 0 ? static_cast<long>(out.done()) : -EINVAL;
}

} // namespace rondo::engine::simulation
