// SPDX-License-Identifier: MIT
// Reading and writing, in all kinds of buffers.
#include "families.hpp"

#include "calls.hpp"
#include "descriptors.hpp"
#include "memory_parts.hpp"
#include "request.hpp"
#include "socket_facts.hpp"
#include "user_memory.hpp"

#include <rondo/abi/flags.hpp>

#include <cerrno>
#include <fcntl.h>
#include <limits.h>
#include <optional>
#include <poll.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint64_t here = ~std::uint64_t{0}; // the file's own position

bool is_vector(abi::opcode code) noexcept {
    return code == abi::opcode::readv || code == abi::opcode::writev ||
           code == abi::opcode::readv_fixed || code == abi::opcode::writev_fixed;
}

bool is_write(abi::opcode code) noexcept {
    return code == abi::opcode::write || code == abi::opcode::writev ||
           code == abi::opcode::write_fixed || code == abi::opcode::writev_fixed;
}

abi::opcode code_of(request const& r) noexcept { return static_cast<abi::opcode>(r.sqe().opcode); }

std::int32_t check(abi::sqe const& entry) noexcept {
    auto const code = static_cast<abi::opcode>(entry.opcode);
    if (entry.attr_type_mask != 0) { // protection information: no file here keeps it
        bool const known = entry.attr_type_mask == raw(abi::rw_attr_flag::pi);
        return known && !is_readable(entry.attr_ptr, sizeof(abi::attr_pi)) ? -EFAULT : -EINVAL;
    }
    std::uint32_t const priority = entry.ioprio >> 13, level = entry.ioprio & 7u;
    if (priority > 3 || (priority == 0 && level != 0)) // IOPRIO_CLASS_NONE has no levels
        return -EINVAL;
    if (is_vector(code) && entry.len > IOV_MAX)
        return -EINVAL;
    if (is_vector(code) && !is_readable(entry.addr, entry.len * sizeof(::iovec)))
        return -EFAULT;
    if (code == abi::opcode::read_multishot &&
        ((entry.flags & raw(abi::sqe_flag::buffer_select)) == 0 || entry.len != 0 ||
         entry.addr != 0))
        return -EINVAL;
    if (code == abi::opcode::readv && (entry.flags & raw(abi::sqe_flag::buffer_select)) != 0 &&
        entry.len != 1)
        return -EINVAL;
    return 0;
}

bool keep(request& r) noexcept {
    if (!is_vector(code_of(r)))
        return true;
    void* const copy = r.copy(pointer_to<void const>(r.sqe().addr), r.sqe().len * sizeof(::iovec));
    r.sqe().addr = reinterpret_cast<std::uintptr_t>(copy);
    return copy != nullptr;
}

/// What is left of the request's memory after r.progress bytes.
class rest_of {
public:
    explicit rest_of(request const& r) noexcept {
        abi::sqe const& entry = r.sqe();
        ::iovec const plain{pointer_to<void>(entry.addr), entry.len};
        std::span<::iovec const> memory(&plain, 1);
        if (r.has(abi::sqe_flag::buffer_select))
            memory = r.chosen;
        else if (is_vector(code_of(r)))
            memory = {pointer_to<::iovec const>(entry.addr), entry.len};
        failed_ = !parts_.assign(memory, r.progress, most_bytes - r.progress);
        total_ = r.progress + parts_.bytes();
    }

    [[nodiscard]] std::span<::iovec const> list() const noexcept { return parts_.list(); }
    /// Bytes of the whole request.
    [[nodiscard]] std::size_t total() const noexcept { return total_; }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
    memory_parts parts_;
    std::size_t total_ = 0;
    bool failed_ = false;
};

long transfer(request const& r, std::span<::iovec const> memory, int flags) noexcept {
    abi::sqe const& entry = r.sqe();
    long const number = is_write(code_of(r)) ? SYS_pwritev2 : SYS_preadv2;
    bool const multi = code_of(r) == abi::opcode::read_multishot;
    // A stream of reads has no position to go on from, and 0 is as good as none.
    bool const anywhere = entry.off == here || (multi && entry.off == 0);
    std::uint64_t const at = anywhere ? here : entry.off + (multi ? 0 : r.progress);
    auto const go = [&](std::uint64_t offset) {
        return call(number, r.fd, memory.data(), memory.size(), static_cast<long>(offset),
                    sizeof(long) == 8 ? 0L : static_cast<long>(offset >> 32),
                    static_cast<int>(entry.rw_flags) | flags);
    };
    long const done = go(at);
    // The call looks at the flags before it looks at the directory, a ring the other way round.
    if (done == -EOPNOTSUPP && number == SYS_preadv2 && entry.rw_flags != 0 &&
        (entry.rw_flags & RWF_NOWAIT) == 0 && is_directory(r.fd))
        return -EISDIR;
    if (done != -ESPIPE || at == here)
        return done;
    // Streams have no positions, so that any will do but for a socket, which takes only 0.
    bool const refuses = at != 0 && socket_option(r.fd, SO_TYPE) >= 0;
    return refuses ? done : go(here);
}

/// The answer after `done` bytes or -errno came on top of what was moved before.
outcome conclude(request& r, rest_of const& memory, long done) noexcept {
    if (done < 0 && r.progress == 0)
        return outcome::answer(done);
    if (done > 0)
        r.progress += static_cast<std::uint64_t>(done);
    outcome out = outcome::answer(static_cast<long>(r.progress));
    out.broken = r.progress != memory.total();
    return out;
}

/// Files with blocks: short counts are completed as the kernel does, by a worker if need be.
outcome transfer_blocks(request& r, bool may_block) noexcept {
    bool const refuses_wait = (r.sqe().rw_flags & RWF_NOWAIT) != 0;
    for (;;) {
        rest_of const memory(r);
        if (memory.failed())
            return outcome::answer(-ENOMEM);
        long const done = transfer(r, memory.list(), may_block ? 0 : RWF_NOWAIT);
        if (!may_block && !refuses_wait && (done == -EAGAIN || done == -EOPNOTSUPP))
            return outcome::blocking();
        if (done <= 0 || r.progress + static_cast<std::uint64_t>(done) == memory.total())
            return conclude(r, memory, done);
        r.progress += static_cast<std::uint64_t>(done);
        if (refuses_wait)
            return conclude(r, memory, 0);
    }
}

/// Everything else is never waited for in a system call.
outcome transfer_stream(request& r, rest_of const& memory, long done) noexcept {
    bool const write = is_write(code_of(r));
    std::uint32_t const events = write ? EPOLLOUT : EPOLLIN;
    if (done == -EOPNOTSUPP) {
        // This kind of file knows no RWF_NOWAIT: what is ready now does not block.
        bool const refuses_wait = (call(SYS_fcntl, r.fd, F_GETFL) & O_NONBLOCK) != 0;
        constexpr std::uint32_t of_files = 0xc0; // RWF_ATOMIC, RWF_DONTCACHE
        if ((r.sqe().rw_flags & of_files) != 0)
            return outcome::answer(done);
        if (seen_now(r.fd, write ? POLLOUT : POLLIN) == 0)
            return refuses_wait ? conclude(r, memory, -EAGAIN) : outcome::until(events);
        // But for what is too large: a counter's sum, all that a terminal is to show.
        std::optional<nonblocking_moment> moment;
        if (write)
            moment.emplace(r.fd);
        done = transfer(r, memory.list(), 0);
        if (done == -EAGAIN && refuses_wait)
            return conclude(r, memory, done);
    }
    if (done == -EAGAIN && (r.sqe().rw_flags & RWF_NOWAIT) == 0)
        return outcome::until(events);
    if (code_of(r) == abi::opcode::read_multishot && done > 0)
        return {.what = outcome::kind::more, .res = static_cast<std::int32_t>(done)};
    outcome how = conclude(r, memory, done);
    if (code_of(r) == abi::opcode::read_multishot)
        how.broken = false; // it asks for no number of bytes
    return how;
}

/// True if it is one plain piece of memory, as most are: `done` is what the first call made of it.
bool transfer_plainly(request const& r, long& done) noexcept {
    abi::sqe const& entry = r.sqe();
    auto const code = code_of(r);
    if ((code != abi::opcode::read && code != abi::opcode::write) || r.in_progress ||
        r.progress != 0 || r.has(abi::sqe_flag::buffer_select))
        return false;
    ::iovec const all{pointer_to<void>(entry.addr), entry.len};
    done = transfer(r, {&all, 1}, RWF_NOWAIT);
    return true;
}

/// What the kernel says of flags that the plain calls do not ask about, or only for some bytes.
std::int32_t refuse_flags(request const& r) noexcept {
    constexpr std::uint32_t known = 0x1ff; // RWF_HIPRI to RWF_NOSIGNAL
    std::uint32_t const flags = r.sqe().rw_flags;
    if ((flags & ~known) == 0 && (flags & RWF_HIPRI) == 0)
        return 0;
    long const mode = call(SYS_fcntl, r.fd, F_GETFL);
    if (mode < 0 || (mode & O_ACCMODE) == (is_write(code_of(r)) ? O_RDONLY : O_WRONLY))
        return -EBADF;
    return (flags & ~known) != 0 ? -EOPNOTSUPP : -EINVAL; // nothing here is polled for
}

/// True for a write of nothing to a socket, which is a message all the same; `done` is its answer.
bool send_nothing(request const& r, long& done) noexcept {
    if (is_vector(code_of(r)) ? rest_of(r).total() != 0 : r.sqe().len != 0)
        return false;
    if (r.sqe().off != 0 && r.sqe().off != here)
        return false;
    done = call(SYS_sendto, r.fd, nullptr, 0, MSG_DONTWAIT, nullptr, 0);
    return done != -ENOTSOCK && done != -EBADF && done != -EAGAIN;
}

outcome attempt(request& r, bool may_block) noexcept {
    if (r.sqe().rw_flags != 0)
        if (std::int32_t const refused = refuse_flags(r); refused != 0)
            return outcome::answer(refused);
    long done = 0;
    if (is_write(code_of(r)) && send_nothing(r, done))
        return outcome::answer(done);
    bool const tried = transfer_plainly(r, done);
    if (tried && done == static_cast<long>(r.sqe().len))
        return outcome::answer(done);
    bool const multi = code_of(r) == abi::opcode::read_multishot;
    if (r.in_progress && !multi) // known to have blocks
        return transfer_blocks(r, may_block);
    if (multi && !std::exchange(r.in_progress, true) && has_blocks(r.fd))
        return outcome::answer(-EBADFD);
    rest_of const memory(r);
    if (memory.failed())
        return outcome::answer(-ENOMEM);
    if (!tried)
        done = transfer(r, memory.list(), RWF_NOWAIT);
    if (done >= 0 && static_cast<std::size_t>(done) == memory.total() && !multi)
        return outcome::answer(done);
    if (done < 0 && done != -EAGAIN && done != -EOPNOTSUPP)
        return outcome::answer(done);
    if (!multi && has_blocks(r.fd)) {
        if (done == 0)
            return conclude(r, memory, 0);
        r.in_progress = true;
        if (done > 0)
            r.progress = static_cast<std::uint64_t>(done);
        return transfer_blocks(r, may_block);
    }
    return transfer_stream(r, memory, done);
}

constexpr operation plain{.check = check, .keep = keep, .attempt = attempt, .has_file = true};
constexpr operation choosing{
    .check = check, .keep = keep, .attempt = attempt, .has_file = true, .chooses = true};
constexpr operation direct_read{.check = check,
                                .keep = keep,
                                .attempt = attempt,
                                .has_file = true,
                                .chooses = true,
                                .direct = true};
constexpr operation direct_write{
    .check = check, .keep = keep, .attempt = attempt, .has_file = true, .direct = true};

} // namespace

operation const* find_transfer(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::read: return &direct_read;
    case abi::opcode::readv:
    case abi::opcode::read_multishot: return &choosing;
    case abi::opcode::write: return &direct_write;
    case abi::opcode::writev:
    case abi::opcode::read_fixed:
    case abi::opcode::write_fixed:
    case abi::opcode::readv_fixed:
    case abi::opcode::writev_fixed: return &plain;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
