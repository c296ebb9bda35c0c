// SPDX-License-Identifier: MIT
#include "node.hpp"

#include "world.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/xattr.h>

namespace rondo::engine::simulation {
namespace {

constexpr std::int64_t second = 1'000'000'000; // in nanoseconds, as all times here
constexpr std::int64_t day = 86'400 * second;
constexpr std::uint64_t sector = 512; // what statx(2) counts in, whatever the device has
// The device that all of it is on. Not zero: a file system without a device is a network's.
constexpr std::uint32_t device_major = 240;
constexpr std::uint32_t device_minor = 1;

::statx_timestamp to_timestamp(std::int64_t ns) noexcept {
    ::statx_timestamp out{};
    out.tv_sec = ns / second;
    out.tv_nsec = static_cast<std::uint32_t>(ns % second);
    return out;
}

} // namespace

node::node(world const& w, ::mode_t mode) noexcept
    : world_(w), mode_(mode), born_(clock()), accessed_(born_), modified_(born_), changed_(born_) {}

std::int64_t node::clock() const noexcept { return world_.now() + world::realtime_offset; }

long node::describe(struct ::statx& out) const noexcept {
    out.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
    out.stx_blksize = 4096;
    out.stx_nlink = links;
    out.stx_mode = static_cast<std::uint16_t>(mode_);
    out.stx_ino = id;
    out.stx_size = size();
    out.stx_blocks = taken() / sector;
    out.stx_atime = to_timestamp(accessed_);
    out.stx_mtime = to_timestamp(modified_);
    out.stx_ctime = to_timestamp(changed_);
    out.stx_btime = to_timestamp(born_);
    out.stx_dev_major = device_major;
    out.stx_dev_minor = device_minor;
    return 0;
}

void node::accessed(open_file const& via) noexcept {
    std::int64_t const now = clock();
    bool const stale = accessed_ <= modified_ || accessed_ <= changed_ || now - accessed_ >= day;
    if (stale && (via.flags & O_NOATIME) == 0)
        accessed_ = now;
}

void node::modified() noexcept { modified_ = changed_ = clock(); }

void node::changed_status() noexcept { changed_ = clock(); }

long node::set_attribute(std::string_view name, std::vector<std::byte> value, int flags) {
    auto const found = attributes_.find(name);
    if (found != attributes_.end() && (flags & XATTR_CREATE) != 0)
        return -EEXIST;
    if (found == attributes_.end() && (flags & XATTR_REPLACE) != 0)
        return -ENODATA;
    if (found != attributes_.end())
        found->second = std::move(value);
    else
        attributes_.emplace(name, std::move(value));
    changed_status();
    return 0;
}

std::vector<std::byte> const* node::attribute(std::string_view name) const noexcept {
    auto const found = attributes_.find(name);
    return found == attributes_.end() ? nullptr : &found->second;
}

} // namespace rondo::engine::simulation
