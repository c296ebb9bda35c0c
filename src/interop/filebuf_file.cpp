// SPDX-License-Identifier: MIT
#include "filebuf_file.hpp"

#include <rondo/interop/default_ring.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rondo {
namespace {

/// A system call, again after EINTR.
template <class Call>
auto again(attempt what, Call const& call) noexcept -> result<decltype(call())> {
    for (;;) {
        auto const answer = call();
        if (answer >= 0)
            return answer;
        error const failure = error::last(what);
        if (failure != EINTR)
            return fail(failure);
    }
}

result<std::size_t> count_of(result<::ssize_t> const& moved) noexcept {
    if (!moved)
        return fail(moved.error());
    return static_cast<std::size_t>(*moved);
}

} // namespace

result<> filebuf_file::open(char const* path, int flags) noexcept {
    auto const opened = again(attempt::open, [&] { return ::open(path, flags | O_CLOEXEC, 0666); });
    if (!opened)
        return fail(opened.error());
    fd.reset(*opened);
    at = 0;
    positional = tells_cached = looked_at_ = false;
    appends = (flags & O_APPEND) != 0;
    return {};
}

bool filebuf_file::is_positional() noexcept {
    if (looked_at_)
        return positional;
    looked_at_ = true;
    struct ::stat about{};
    if (::fstat(fd.get(), &about) != 0 || !(S_ISREG(about.st_mode) || S_ISBLK(about.st_mode)))
        return false;
    ::off_t const there = ::lseek(fd.get(), 0, SEEK_CUR);
    if (there < 0)
        return false;
    at = static_cast<std::uint64_t>(there);
    return positional = tells_cached = true;
}

result<> filebuf_file::close() noexcept {
    if (::close(fd.release()) != 0)
        return fail(error::last(attempt::close));
    return {};
}

result<std::size_t> filebuf_file::read(mutable_bytes into) noexcept {
    if (!positional)
        return count_of(
            again(attempt::read, [&] { return ::read(fd.get(), into.data(), into.size()); }));
    auto const got = count_of(again(attempt::read, [&] {
        return ::pread(fd.get(), into.data(), into.size(), static_cast<::off_t>(at));
    }));
    if (got)
        at += *got;
    return got;
}

result<std::size_t> filebuf_file::read_cached(mutable_bytes into) noexcept {
    auto const got = count_of(again(attempt::read, [&] {
        ::iovec const part{into.data(), into.size()};
        return ::preadv2(fd.get(), &part, 1, static_cast<::off_t>(at), RWF_NOWAIT);
    }));
    if (got) {
        at += *got;
    } else if (got.error() == EOPNOTSUPP || got.error() == EINVAL || got.error() == ENOSYS) {
        tells_cached = false;
        return fail(EAGAIN, attempt::read);
    }
    return got;
}

result<> filebuf_file::write_at(const_bytes from, std::uint64_t place,
                                std::size_t& written) noexcept {
    auto const* const data = static_cast<char const*>(from.data());
    bool const at_place = positional && !appends;
    for (written = 0; written < from.size();) {
        auto const put = again(attempt::write, [&] {
            std::size_t const rest = from.size() - written;
            return at_place ? ::pwrite(fd.get(), data + written, rest,
                                       static_cast<::off_t>(place + written))
                            : ::write(fd.get(), data + written, rest);
        });
        if (!put)
            return fail(put.error());
        if (*put == 0) // a device that takes nothing would be asked for ever
            return fail(EIO, attempt::write);
        written += static_cast<std::size_t>(*put);
    }
    return {};
}

result<> filebuf_file::write(const_bytes from, std::size_t& written) noexcept {
    result<> const done = write_at(from, at, written);
    if (positional && appends && written != 0) {
        if (result<> const there = follow_append(); !there)
            return there;
    } else {
        at += written;
    }
    return done;
}

result<> filebuf_file::follow_append() noexcept {
    ::off_t const there = ::lseek(fd.get(), 0, SEEK_CUR);
    if (there < 0)
        return fail(error::last(attempt::seek));
    at = static_cast<std::uint64_t>(there);
    return {};
}

result<std::uint64_t> filebuf_file::position() noexcept {
    if (is_positional())
        return at;
    ::off_t const there = ::lseek(fd.get(), 0, SEEK_CUR);
    if (there < 0)
        return fail(error::last(attempt::seek));
    return static_cast<std::uint64_t>(there);
}

result<std::uint64_t> filebuf_file::seek(std::int64_t offset, int whence) noexcept {
    ::off_t const there = ::lseek(fd.get(), offset, whence);
    if (there < 0)
        return fail(error::last(attempt::seek));
    at = static_cast<std::uint64_t>(there);
    return at;
}

result<> filebuf_file::step_back(std::size_t bytes) noexcept {
    if (positional)
        at -= bytes;
    else if (bytes != 0 && ::lseek(fd.get(), -static_cast<::off_t>(bytes), SEEK_CUR) < 0)
        return fail(error::last(attempt::seek));
    return {};
}

std::uint64_t filebuf_file::size() const noexcept {
    struct ::stat about{};
    if (::fstat(fd.get(), &about) != 0)
        return 0;
    if (!S_ISBLK(about.st_mode))
        return static_cast<std::uint64_t>(about.st_size);
    std::uint64_t bytes = 0;
    return ::ioctl(fd.get(), BLKGETSIZE64, &bytes) == 0 ? bytes : 0;
}

std::size_t filebuf_file::ready() noexcept {
    if (is_positional()) {
        std::uint64_t const all = size();
        return all > at ? static_cast<std::size_t>(all - at) : 0;
    }
    int bytes = 0;
    return ::ioctl(fd.get(), FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(std::max(bytes, 0))
                                                    : 0;
}

shared_ring* filebuf_file::ring() const noexcept {
    if (own != nullptr)
        return own;
    auto const shared = default_ring();
    return shared ? *shared : nullptr;
}

} // namespace rondo
