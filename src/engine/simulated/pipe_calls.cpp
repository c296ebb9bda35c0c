// SPDX-License-Identifier: MIT
// pipe2, splice and tee. Bytes are copied: that nothing is shared cannot be seen from outside.
#include "guarded.hpp"
#include "pipe.hpp"
#include "user_data.hpp"
#include "world.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <vector>

namespace rondo::engine::simulation {
namespace {

constexpr unsigned splice_flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;

// O_DIRECT, a pipe of packets, is refused.
long pipe2(world& w, long ends_at, long flags) noexcept {
    if ((flags & ~long{O_CLOEXEC | O_NONBLOCK}) != 0)
        return -EINVAL;
    if (ends_at == 0)
        return -EFAULT;
    return guarded([&]() -> long {
        auto ends = make_pipe(w);
        long const reader = w.add(std::move(ends.first), static_cast<int>(flags) | O_RDONLY);
        if (reader < 0)
            return reader;
        long const writer = w.add(std::move(ends.second), static_cast<int>(flags) | O_WRONLY);
        if (writer < 0) {
            w.close(static_cast<int>(reader));
            return writer;
        }
        int const both[2] = {static_cast<int>(reader), static_cast<int>(writer)};
        put_value(ends_at, both);
        return 0;
    });
}

/// One side of a splice.
struct side {
    std::shared_ptr<open_file> file;
    pipe_end* pipe = nullptr;

    side(world& w, long fd) noexcept : file(w.find(static_cast<int>(fd))) {
        if (file)
            pipe = dynamic_cast<pipe_end*>(file->what.get());
    }
    [[nodiscard]] bool is_open() const noexcept { return file && (file->flags & O_PATH) == 0; }
    [[nodiscard]] bool reads() const noexcept { return (file->flags & O_ACCMODE) != O_WRONLY; }
    [[nodiscard]] bool writes() const noexcept { return (file->flags & O_ACCMODE) != O_RDONLY; }
    /// Files and sockets are what can be on the other side of a pipe.
    [[nodiscard]] bool is_spliceable() const noexcept {
        ::mode_t const type = file->what->type();
        return S_ISREG(type) || S_ISSOCK(type);
    }
};

/// 0: there are bytes in `from` and there is room in `to`; `ended` when none will come anymore.
long prepare(pipe_bytes const& from, pipe_bytes const& to, bool& ended) noexcept {
    ended = from.queue.empty() && from.writer == nullptr;
    if (from.queue.empty() && !ended)
        return -EAGAIN;
    if (to.reader == nullptr)
        return -EPIPE;
    return to.is_full() ? -EAGAIN : 0;
}

/// Between two pipes; with `keeps` the bytes stay where they are, too.
long from_pipe_to_pipe(world& w, pipe_bytes& from, pipe_bytes& to, std::size_t bytes,
                       bool keeps) noexcept {
    bool ended = false;
    if (long const no = prepare(from, to, ended); no < 0 || ended)
        return no;
    std::size_t const count =
        w.shortened(*to.writer, std::min({bytes, from.queue.size(), to.room()}));
    return guarded([&] {
        to.queue.append(from.queue.data(), count);
        if (!keeps)
            from.drop(count);
        to.added();
        return static_cast<long>(count);
    });
}

long from_pipe(world& w, pipe_bytes& from, open_file& to, std::int64_t at,
               std::size_t bytes) noexcept {
    if (from.queue.empty())
        return from.writer == nullptr ? 0 : -EAGAIN;
    std::size_t count = std::min(bytes, from.queue.size());
    if (!S_ISSOCK(to.what->type())) // which shortens by itself
        count = w.shortened(*to.what, count);
    ::iovec const part{const_cast<std::byte*>(from.queue.data()), count};
    long const written = to.what->write(to, {&part, 1}, at, 0);
    if (written > 0)
        from.drop(static_cast<std::size_t>(written));
    return written;
}

long into_pipe(world& w, side const& from, pipe_bytes& to, std::int64_t at,
               std::size_t bytes) noexcept {
    if (to.reader == nullptr)
        return -EPIPE;
    if (to.is_full())
        return -EAGAIN;
    if (!from.is_spliceable())
        return -EINVAL;
    std::size_t count = std::min(bytes, to.room());
    if (!S_ISSOCK(from.file->what->type()))
        count = w.shortened(*from.file->what, count);
    return guarded([&] {
        std::vector<std::byte> passing(count);
        to.queue.reserve(count); // before they are taken
        ::iovec const part{passing.data(), count};
        long const got = from.file->what->read(*from.file, {&part, 1}, at, 0);
        if (got > 0) {
            to.queue.append(passing.data(), static_cast<std::size_t>(got));
            to.added();
        }
        return got;
    });
}

/// The offset of a side that is no pipe, from the program's memory; negative: an errno.
long offset_of(side const& which, long at) noexcept {
    if (at == 0)
        return here;
    if (!S_ISREG(which.file->what->type()))
        return -EINVAL;
    auto const offset = get_value<std::int64_t>(at);
    return offset < 0 ? -EINVAL : offset;
}

void advance(long at, std::int64_t offset, long moved) noexcept {
    if (at != 0 && moved > 0)
        put_value(at, offset + moved);
}

long splice(world& w, words const& a) noexcept {
    auto const bytes = std::min(static_cast<std::size_t>(a[4]), std::size_t{0x7fff'f000});
    if (bytes == 0)
        return 0;
    if ((static_cast<unsigned>(a[5]) & ~splice_flags) != 0)
        return -EINVAL;
    side const in(w, a[0]), out(w, a[2]);
    if (!in.is_open() || !out.is_open())
        return -EBADF;
    if ((in.pipe != nullptr && a[1] != 0) || (out.pipe != nullptr && a[3] != 0))
        return -ESPIPE;
    if (!in.reads() || !out.writes())
        return -EBADF;
    if (in.pipe != nullptr && out.pipe != nullptr)
        return &in.pipe->bytes() == &out.pipe->bytes()
                   ? -EINVAL
                   : from_pipe_to_pipe(w, in.pipe->bytes(), out.pipe->bytes(), bytes, false);
    if (in.pipe != nullptr) {
        std::int64_t const at = offset_of(out, a[3]);
        if ((at < 0 && at != here) || (out.file->flags & O_APPEND) != 0 || !out.is_spliceable())
            return -EINVAL;
        long const moved = from_pipe(w, in.pipe->bytes(), *out.file, at, bytes);
        advance(a[3], at, moved);
        return moved;
    }
    if (out.pipe == nullptr)
        return -EINVAL;
    std::int64_t const at = offset_of(in, a[1]);
    if (at < 0 && at != here)
        return -EINVAL;
    long const moved = into_pipe(w, in, out.pipe->bytes(), at, bytes);
    advance(a[1], at, moved);
    return moved;
}

long tee(world& w, words const& a) noexcept {
    if ((static_cast<unsigned>(a[3]) & ~splice_flags) != 0)
        return -EINVAL;
    if (a[2] == 0)
        return 0;
    side const in(w, a[0]), out(w, a[1]);
    if (!in.is_open() || !out.is_open() || !in.reads() || !out.writes())
        return -EBADF;
    if (in.pipe == nullptr || out.pipe == nullptr || &in.pipe->bytes() == &out.pipe->bytes())
        return -EINVAL;
    return from_pipe_to_pipe(w, in.pipe->bytes(), out.pipe->bytes(), static_cast<std::size_t>(a[2]),
                             true);
}

} // namespace

bool pipe_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_pipe2: answer = pipe2(w, a[0], a[1]); return true;
    case SYS_splice: answer = splice(w, a); return true;
    case SYS_tee: answer = tee(w, a); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
