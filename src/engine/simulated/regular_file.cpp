// SPDX-License-Identifier: MIT
#include "regular_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <linux/falloc.h>
#include <linux/fs.h>

namespace rondo::engine::simulation {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr int no_append = 0x20; // RWF_NOAPPEND, Linux 6.9
constexpr int known_rwf = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | no_append;

/// What preadv2(2) and pwritev2(2) do not take.
long check(int rwf, std::int64_t at, std::size_t bytes) noexcept {
    if (at < 0 || bytes > largest - static_cast<std::uint64_t>(at))
        return -EINVAL;
    if ((rwf & ~known_rwf) != 0)
        return -EOPNOTSUPP;
    return (rwf & RWF_APPEND) != 0 && (rwf & no_append) != 0 ? -EINVAL : 0;
}

bool appends(open_file const& via, int rwf) noexcept {
    return (rwf & no_append) == 0 && ((via.flags & O_APPEND) != 0 || (rwf & RWF_APPEND) != 0);
}

} // namespace

long regular_file::read(open_file& via, parts into, std::int64_t at, int rwf) noexcept {
    std::int64_t const from = at == here ? via.position : at;
    std::size_t const room = bytes_of(into);
    if (long const wrong = check(rwf, from, room); wrong != 0)
        return wrong;
    auto const begin = static_cast<std::uint64_t>(from);
    std::uint64_t const left = size_ - std::min(size_, begin);
    auto const bytes = static_cast<std::size_t>(std::min<std::uint64_t>(room, left));
    pages_.read(begin, bytes, into);
    if (at == here)
        via.position += static_cast<std::int64_t>(bytes);
    accessed(via);
    return static_cast<long>(bytes);
}

long regular_file::write(open_file& via, parts from, std::int64_t at, int rwf) noexcept {
    std::int64_t const to = at == here ? via.position : at;
    std::size_t bytes = bytes_of(from);
    if (long const wrong = check(rwf, to, bytes); wrong != 0)
        return wrong;
    if (bytes == 0)
        return 0;
    std::uint64_t const begin = appends(via, rwf) ? size_ : static_cast<std::uint64_t>(to);
    if (begin >= largest)
        return -EFBIG;
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, largest - begin));
    long const done = pages_.write(begin, bytes, from);
    if (done <= 0)
        return done;
    std::uint64_t const end = begin + static_cast<std::uint64_t>(done);
    size_ = std::max(size_, end);
    if (at == here)
        via.position = static_cast<std::int64_t>(end);
    modified();
    return done;
}

long regular_file::resize(std::int64_t size) noexcept {
    auto const bytes = static_cast<std::uint64_t>(size);
    if (bytes <= size_) // what was reserved beyond the end goes, too
        pages_.clear(bytes, largest, true);
    size_ = bytes;
    modified();
    return 0;
}

bool regular_file::can_allocate(int mode) noexcept {
    int const what = mode & ~FALLOC_FL_KEEP_SIZE;
    return what == 0 || what == FALLOC_FL_ZERO_RANGE ||
           mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

long regular_file::allocate(int mode, std::int64_t at, std::int64_t bytes) noexcept {
    bool const punches = (mode & FALLOC_FL_PUNCH_HOLE) != 0;
    bool const zeros = (mode & FALLOC_FL_ZERO_RANGE) != 0;
    auto const begin = static_cast<std::uint64_t>(at);
    std::uint64_t const end = begin + static_cast<std::uint64_t>(bytes);
    if (end > largest)
        return -EFBIG;
    if (!punches)
        if (long const failed = pages_.reserve(begin, end); failed != 0)
            return failed;
    if (punches || zeros)
        pages_.clear(begin, end, punches);
    if ((mode & FALLOC_FL_KEEP_SIZE) == 0)
        size_ = std::max(size_, end);
    modified();
    return 0;
}

long regular_file::seek(std::int64_t at, bool data) const noexcept {
    if (at < 0 || static_cast<std::uint64_t>(at) >= size_)
        return -ENXIO;
    auto const begin = static_cast<std::uint64_t>(at);
    std::uint64_t const found =
        data ? pages_.next_data(begin, size_) : pages_.next_hole(begin, size_);
    return data && found == size_ ? -ENXIO : static_cast<long>(found);
}

} // namespace rondo::engine::simulation
