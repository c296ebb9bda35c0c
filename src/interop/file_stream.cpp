// SPDX-License-Identifier: MIT
#include <rondo/interop/file_stream.hpp>

#include "plain_call.hpp"

#include <rondo/core/word.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/op/file.hpp>
#include <rondo/op/open.hpp>
#include <rondo/op/poll.hpp>

#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace rondo {
namespace {

/// Steps in which read_to_end grows its buffer when the file does not tell its size.
constexpr std::size_t least_growth = 64 * 1024;

std::unexpected<error> used_after_close() noexcept { return fail(EBADF, attempt::use_closed); }

/// The same failure, with the bytes moved before it as its detail.
std::unexpected<error> after_progress(error const& e, std::size_t moved) noexcept {
    if (e.why() != cause::none)
        return fail(e);
    return fail(e.code(), e.attempted(), cause::none, moved);
}

bool keeps_message_bounds(int fd) noexcept {
    int type = SOCK_STREAM;
    ::socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
}

} // namespace

result<file_stream> file_stream::open(any_ring on, char const* path, int flags,
                                      ::mode_t permissions) noexcept {
    // Inline, the kernel opens with O_NONBLOCK, which does not wait for a fifo's other end.
    auto fd = on.run(
        op::async(op::openat<>{.path = path, .flags = flags | O_CLOEXEC, .mode = permissions}));
    if (!fd)
        return fail(fd.error());
    return adopt(on, std::move(*fd));
}

result<file_stream> file_stream::adopt(any_ring on, unique_fd fd) noexcept {
    file_stream out(on, std::move(fd));
    if (result<> known = out.examine(); !known)
        return fail(known.error());
    return out;
}

result<file_stream> file_stream::open(char const* path, int flags, ::mode_t permissions) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return open(**on, path, flags, permissions);
}

result<file_stream> file_stream::adopt(unique_fd fd) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return adopt(**on, std::move(fd));
}

result<> file_stream::examine() noexcept {
    struct ::stat about{};
    int const flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags < 0 || ::fstat(fd_.get(), &about) != 0)
        return fail(error::last(attempt::adopt));
    if (S_ISREG(about.st_mode))
        kind_ = kind::regular;
    else if (S_ISBLK(about.st_mode))
        kind_ = kind::block_device;
    else if (S_ISSOCK(about.st_mode) && keeps_message_bounds(fd_.get()))
        return fail(EPROTOTYPE, attempt::adopt);
    has_positions_ = ::lseek(fd_.get(), 0, SEEK_CUR) >= 0;
    appends_ = (flags & O_APPEND) != 0;
    return {};
}

/// Runs a transfer; where a non-blocking file is not ready, waits until it is.
template <class Op>
result<std::size_t> file_stream::wait_for(Op const& o, std::uint32_t events) noexcept {
    for (;;) {
        result<std::size_t> const moved = ring_.run(o);
        if (moved || moved.error() != EAGAIN)
            return moved;
        // From a blocking file it is the driver's own answer: waiting could turn into spinning.
        int const flags = ::fcntl(fd_.get(), F_GETFL);
        if (flags < 0 || (flags & O_NONBLOCK) == 0)
            return moved;
        if (auto ready = ring_.run(op::poll{.fd = fd_, .events = events}); !ready)
            return fail(ready.error());
    }
}

result<std::size_t> file_stream::read(mutable_bytes into) noexcept {
    if (!fd_)
        return used_after_close();
    if (into.size() == 0)
        return 0u;
    auto const got =
        kind_ == kind::regular
            ? plainly(attempt::read, [&] { return ::read(fd_.get(), into.data(), into.size()); })
            : wait_for(op::read{.fd = fd_, .into = into}, POLLIN);
    if (got)
        store_relaxed(&at_end_, *got == 0);
    return got;
}

result<std::size_t> file_stream::write(const_bytes from) noexcept {
    if (!fd_)
        return used_after_close();
    if (from.size() == 0)
        return 0u;
    store_relaxed(&at_end_, false);
    if (kind_ == kind::regular)
        return plainly(attempt::write,
                       [&] { return ::write(fd_.get(), from.data(), from.size()); });
    return wait_for(op::write{.fd = fd_, .from = from}, POLLOUT);
}

result<std::size_t> file_stream::read_at(mutable_bytes into, std::uint64_t at) noexcept {
    if (!fd_)
        return used_after_close();
    if (!has_positions_) // the ring would ignore the position
        return fail(ESPIPE, attempt::read);
    if (into.size() == 0)
        return 0u;
    if (at > static_cast<std::uint64_t>(INT64_MAX)) // all ones would be the shared offset
        return fail(EINVAL, attempt::read);
    if (kind_ != kind::regular)
        return wait_for(op::read{.fd = fd_, .into = into, .at = at}, POLLIN);
    return plainly(attempt::read, [&] {
        return ::pread(fd_.get(), into.data(), into.size(), static_cast<::off_t>(at));
    });
}

result<std::size_t> file_stream::write_at(const_bytes from, std::uint64_t at) noexcept {
    if (!fd_)
        return used_after_close();
    if (!has_positions_)
        return fail(ESPIPE, attempt::write);
    if (from.size() == 0)
        return 0u;
    if (at > static_cast<std::uint64_t>(INT64_MAX))
        return fail(EINVAL, attempt::write);
    if (kind_ != kind::regular)
        return wait_for(op::write{.fd = fd_, .from = from, .at = at}, POLLOUT);
    return plainly(attempt::write, [&] {
        ::iovec const part{const_cast<void*>(from.data()), from.size()};
        return ::pwritev2(fd_.get(), &part, 1, static_cast<::off_t>(at), appends_ ? no_append : 0);
    });
}

/// read_exactly(), with the count apart from the outcome.
result<> file_stream::fill(mutable_bytes into, std::size_t& filled) noexcept {
    auto* const data = static_cast<std::byte*>(into.data());
    do {
        auto const got = read({data + filled, into.size() - filled});
        if (!got)
            return fail(got.error());
        if (*got == 0)
            break;
        filled += *got;
    } while (filled < into.size());
    return {};
}

result<std::size_t> file_stream::read_exactly(mutable_bytes into) noexcept {
    std::size_t filled = 0;
    if (result<> const done = fill(into, filled); !done)
        return after_progress(done.error(), filled);
    return filled;
}

result<> file_stream::write_all(const_bytes from) noexcept {
    auto const* const data = static_cast<std::byte const*>(from.data());
    std::size_t written = 0;
    do {
        auto const put = write({data + written, from.size() - written});
        if (!put)
            return after_progress(put.error(), written);
        if (*put == 0 && from.size() != 0) // a device that takes nothing would be asked for ever
            return after_progress(error(EIO, attempt::write), written);
        written += *put;
    } while (written < from.size());
    return {};
}

/// Bytes between the shared offset and the end, as far as that can be known now; else 0.
std::size_t file_stream::size_of_rest() const noexcept {
    auto const all = size();
    ::off_t const at = ::lseek(fd_.get(), 0, SEEK_CUR);
    if (!all || at < 0 || static_cast<std::uint64_t>(at) >= *all)
        return 0;
    return static_cast<std::size_t>(*all - static_cast<std::uint64_t>(at));
}

template <class Container>
result<std::size_t> file_stream::append_rest(Container& out) noexcept {
    if (!fd_)
        return used_after_close();
    std::size_t const before = out.size();
    std::size_t const known = size_of_rest();
    // One byte more than the file seems to have, so that the first round can find its end.
    for (std::size_t growth = known != 0 ? known + 1 : least_growth;;) {
        std::size_t const start = out.size();
        std::size_t filled = 0;
        try {
            out.resize(start + growth);
        } catch (std::exception const&) { // std::bad_alloc, std::length_error
            return after_progress(error(ENOMEM, attempt::allocate), start - before);
        }
        result<> const done = fill({out.data() + start, growth}, filled);
        out.resize(start + filled);
        if (!done)
            return after_progress(done.error(), out.size() - before);
        if (filled < growth)
            return out.size() - before;
        growth = std::max(least_growth, out.size() - before);
    }
}

result<std::size_t> file_stream::read_to_end(std::string& out) noexcept { return append_rest(out); }

result<std::size_t> file_stream::read_to_end(std::vector<std::byte>& out) noexcept {
    return append_rest(out);
}

result<std::uint64_t> file_stream::seek(std::int64_t offset, seek_from from) noexcept {
    if (!fd_)
        return used_after_close();
    constexpr int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    ::off_t const at = ::lseek(fd_.get(), offset, whence[static_cast<std::size_t>(from)]);
    if (at < 0)
        return fail(error::last(attempt::seek));
    store_relaxed(&at_end_, false);
    return static_cast<std::uint64_t>(at);
}

result<std::uint64_t> file_stream::size() const noexcept {
    if (!fd_)
        return used_after_close();
    if (kind_ == kind::block_device) {
        std::uint64_t bytes = 0;
        if (::ioctl(fd_.get(), BLKGETSIZE64, &bytes) != 0)
            return fail(error::last(attempt::control));
        return bytes;
    }
    struct ::stat about{};
    if (::fstat(fd_.get(), &about) != 0)
        return fail(error::last(attempt::stat));
    if (kind_ != kind::regular)
        return fail(ESPIPE, attempt::stat);
    return static_cast<std::uint64_t>(about.st_size);
}

result<> file_stream::sync(abi::fsync_flag flags) noexcept {
    if (!fd_)
        return used_after_close();
    return ring_.run(op::fsync{.fd = fd_, .flags = flags});
}

result<> file_stream::close() noexcept {
    if (!fd_)
        return used_after_close();
    store_relaxed(&at_end_, false);
    if (!ring_.features().supports<op::close>()) {
        if (::close(fd_.release()) != 0)
            return fail(error::last(attempt::close));
        return {};
    }
    result<> const closed = ring_.run(op::close{.fd = fd_});
    // Whatever the file says of its data, the descriptor is gone; not so when the ring did not get
    // to run the operation (a restricted one says EACCES).
    bool const ran = closed || (closed.error().attempted() == op::attempt_of<op::close> &&
                                closed.error() != ECANCELED && closed.error() != EACCES);
    if (ran)
        static_cast<void>(fd_.release());
    else
        fd_.reset();
    return closed;
}

} // namespace rondo
