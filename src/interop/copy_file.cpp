// SPDX-License-Identifier: MIT
#include <rondo/interop/filesystem.hpp>

#include "copy_file_blocks.hpp"
#include "filesystem_replacement.hpp"

#include <rondo/core/fd.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/op/transfer.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rondo {
namespace {

/// A source that tells no size is asked for this much, again and again, until it ends.
constexpr std::uint64_t unknown_size = std::uint64_t{1} << 62;

/// The kernel cannot copy between these two by itself, and has done nothing.
bool is_refusal(error const& e) noexcept {
    return e == EXDEV || e == EINVAL || e == EOPNOTSUPP || e == ENOSYS || e == EPERM ||
           e == ETXTBSY;
}

/// One copy on its way.
class copying {
public:
    copying(shared_ring* on, copy_file_options const& options, unique_fd const& from,
            struct ::stat const& about, replacement const& to) noexcept
        : on_(on), in_kernel_(options.in_kernel), from_(from.get()), about_(&about),
          to_(to.fd().get()), fresh_(to.is_fresh()) {}

    /// Copies everything and returns the bytes that the copy has.
    result<std::uint64_t> run() noexcept;

private:
    result<std::uint64_t> size_of_source() const noexcept;
    result<std::uint64_t> copy_data(std::uint64_t size) noexcept;
    result<std::uint64_t> copy_range(std::uint64_t begin, std::uint64_t end) noexcept;
    result<std::uint64_t> copy_by_kernel(std::uint64_t begin, std::uint64_t end) noexcept;
    result<std::uint64_t> copy_by_ring(std::uint64_t begin, std::uint64_t end) noexcept;

    shared_ring* on_;
    bool in_kernel_; ///< until it has refused
    int from_;
    struct ::stat const* about_;
    int to_;
    bool fresh_;
};

result<std::uint64_t> copying::size_of_source() const noexcept {
    if (S_ISREG(about_->st_mode)) // those of /proc have contents all the same
        return about_->st_size != 0 ? static_cast<std::uint64_t>(about_->st_size) : unknown_size;
    std::uint64_t bytes = 0;
    if (::ioctl(from_, BLKGETSIZE64, &bytes) != 0)
        return fail(error::last(attempt::control));
    return bytes;
}

/// copy_file_range(2) as far as it gets; returns where that is.
result<std::uint64_t> copying::copy_by_kernel(std::uint64_t begin, std::uint64_t end) noexcept {
    while (begin < end) {
        auto in = static_cast<::off_t>(begin);
        auto out = in;
        auto const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, op::max_transfer));
        ::ssize_t const copied = ::copy_file_range(from_, &in, to_, &out, size, 0);
        if (copied > 0) {
            begin += static_cast<std::uint64_t>(copied);
            continue;
        }
        // Some file systems say 0 of files that tell no size, or a wrong one.
        error const why = copied == 0 ? error(EINVAL) : error::last(attempt::write);
        if (why == EINTR)
            continue;
        in_kernel_ = false;
        if (is_refusal(why))
            return begin;
        return fail(why);
    }
    return begin;
}

result<std::uint64_t> copying::copy_by_ring(std::uint64_t begin, std::uint64_t end) noexcept {
    if (on_ == nullptr) {
        auto const found = default_ring();
        if (!found)
            return fail(found.error());
        on_ = *found;
    }
    struct ::stat target{};
    if (::fstat(to_, &target) != 0)
        return fail(error::last(attempt::stat));
    bool const any_order = S_ISREG(target.st_mode) || S_ISBLK(target.st_mode);
    // A source of unknown size ends wherever its first short read is; the blocks behind it, in the
    // air already, read nothing.
    bool const in_turn = !any_order || end == unknown_size;
    block_copier blocks(*on_, from_, to_, in_turn ? 1 : block_copier::most_blocks);
    return blocks.copy(begin, end);
}

/// Returns where the source ended, or else `end`.
result<std::uint64_t> copying::copy_range(std::uint64_t begin, std::uint64_t end) noexcept {
    std::uint64_t done = begin;
    if (in_kernel_ && end != unknown_size) {
        auto const copied = copy_by_kernel(begin, end);
        if (!copied)
            return copied;
        done = *copied;
    }
    return done == end ? done : copy_by_ring(done, end);
}

/// All the data of a sparse file, and nothing for its holes. Returns where the source ended.
result<std::uint64_t> copying::copy_data(std::uint64_t size) noexcept {
    for (std::uint64_t at = 0; at < size;) {
        ::off_t const data = ::lseek(from_, static_cast<::off_t>(at), SEEK_DATA);
        if (data < 0 && error::last(attempt::seek) == ENXIO) // a hole up to the end
            return size;
        ::off_t const hole = data < 0 ? -1 : ::lseek(from_, data, SEEK_HOLE);
        std::uint64_t const begin = data < 0 ? at : static_cast<std::uint64_t>(data);
        std::uint64_t const end =
            hole < 0 ? size : std::min(static_cast<std::uint64_t>(hole), size);
        if (begin >= size)
            return size;
        auto const reached = copy_range(begin, end);
        if (!reached || *reached != end)
            return reached;
        at = end;
    }
    return size;
}

result<std::uint64_t> copying::run() noexcept {
    auto const size = size_of_source();
    if (!size)
        return size;
    bool const has_holes = fresh_ && S_ISREG(about_->st_mode) && *size != unknown_size;
    auto const reached = has_holes ? copy_data(*size) : copy_range(0, *size);
    // A hole at the end is part of the file.
    if (reached && has_holes && ::ftruncate(to_, static_cast<::off_t>(*reached)) != 0)
        return fail(error::last(attempt::control));
    return reached;
}

result<std::uint64_t> copy(shared_ring* on, char const* from, char const* to,
                           copy_file_options const& options) noexcept {
    // Without O_NONBLOCK a fifo, which is refused, would be waited for.
    unique_fd const source(::open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!source)
        return fail(error::last(attempt::open));
    struct ::stat about{};
    if (::fstat(source.get(), &about) != 0)
        return fail(error::last(attempt::stat));
    if (S_ISDIR(about.st_mode))
        return fail(EISDIR, attempt::open);
    if (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode))
        return fail(EINVAL, attempt::open);
    auto target = replacement::create(to, S_ISREG(about.st_mode) ? about.st_mode & 0777 : 0666);
    if (!target)
        return fail(target.error());
    if (target->replaces(about))
        return fail(EINVAL, attempt::open);

    result<std::uint64_t> copied = 0u;
    if (options.reflink && target->is_fresh() &&
        ::ioctl(target->fd().get(), FICLONE, source.get()) == 0) {
        if (::fstat(target->fd().get(), &about) != 0)
            return fail(error::last(attempt::stat));
        copied = static_cast<std::uint64_t>(about.st_size);
    } else {
        copied = copying(on, options, source, about, *target).run();
    }
    if (!copied)
        return copied;
    if (result<> const done = target->commit(options.sync, options.sync_directory); !done)
        return fail(done.error());
    return copied;
}

} // namespace

result<std::uint64_t> copy_file(char const* from, char const* to,
                                copy_file_options const& options) noexcept {
    return copy(nullptr, from, to, options);
}

result<std::uint64_t> copy_file(shared_ring& on, char const* from, char const* to,
                                copy_file_options const& options) noexcept {
    return copy(&on, from, to, options);
}

} // namespace rondo
