// SPDX-License-Identifier: MIT
// Making pipes, and epoll through the ring. Nothing here ever blocks.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "kernel_side.hpp"
#include "user_memory.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/fd.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/epoll.h>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t notification_pipe = O_EXCL; // O_NOTIFICATION_PIPE, Linux 5.8
constexpr std::uint32_t pipe_flags = O_CLOEXEC | O_NONBLOCK | O_DIRECT | notification_pipe;

std::int32_t check_pipe(abi::sqe const& entry) noexcept {
    bool const wrong = any_set(entry.fd, entry.off, entry.addr3);
    return wrong || (entry.pipe_flags & ~pipe_flags) != 0 ? -EINVAL : 0;
}

/// Puts the ends into slots, the second beside the first, and their numbers where the entry says.
/// 0, or why not; then both slots are empty.
long install_pipe(file_table& files, abi::sqe const& entry, int read_end, int write_end) noexcept {
    bool const anywhere = entry.file_index == abi::file_index_alloc;
    held_fd ends[2] = {held_fd(read_end), held_fd(write_end)};
    std::uint32_t index = entry.file_index;
    std::int32_t slots[2] = {};
    long done = 0;
    int installed = 0;
    for (; done >= 0 && installed < 2; ++installed, index += anywhere ? 0 : 1) {
        done = files.install(std::move(ends[installed]), index);
        if (done < 0)
            break;
        slots[installed] = static_cast<std::int32_t>(anywhere ? done : index - 1);
    }
    // The kernel copies the numbers, through the pipe itself: it knows whether the memory is there.
    if (done >= 0)
        done = call(SYS_write, write_end, slots, sizeof slots);
    if (done >= 0)
        done = call(SYS_read, read_end, entry.addr, sizeof slots);
    if (done >= 0)
        return 0;
    while (installed-- > 0)
        files.remove(static_cast<std::uint32_t>(slots[installed]));
    return done;
}

outcome do_pipe(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    if (entry.file_index == 0)
        return outcome::answer(call(SYS_pipe2, entry.addr, entry.pipe_flags));
    if ((entry.pipe_flags & O_CLOEXEC) != 0)
        return outcome::answer(-EINVAL);
    if ((entry.pipe_flags & notification_pipe) != 0) // which nobody can write to
        return outcome::answer(-ENOPKG);
    int ends[2] = {-1, -1};
    long const made = call(SYS_pipe2, ends, entry.pipe_flags | O_CLOEXEC);
    if (made < 0)
        return outcome::answer(made);
    return outcome::answer(install_pipe(r.owner->files(), entry, ends[0], ends[1]));
}

constexpr operation pipe{.check = check_pipe, .attempt = do_pipe, .on_ring = true};

bool has_event(abi::sqe const& entry) noexcept { return entry.len != EPOLL_CTL_DEL; }

std::int32_t check_epoll_ctl(abi::sqe const& entry) noexcept {
    if (any_set(entry.buf_index, entry.file_index))
        return -EINVAL;
    return has_event(entry) && !is_mapped(entry.addr, sizeof(::epoll_event)) ? -EFAULT : 0;
}

bool keep_epoll_ctl(request& r) noexcept {
    return keep_bytes(r, r.sqe().addr, has_event(r.sqe()) ? sizeof(::epoll_event) : 0);
}

/// A ring's descriptor is a set here, but the engine's own.
bool names_ring(request const& r) noexcept {
    return r.owner != nullptr && !r.has(abi::sqe_flag::fixed_file) && r.owner->is_ring(r.sqe().fd);
}

outcome do_epoll_ctl(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    if (names_ring(r))
        return outcome::answer(-EINVAL);
    auto const fd = static_cast<std::int32_t>(entry.off);
    return outcome::answer(call(SYS_epoll_ctl, entry.fd, entry.len, fd, entry.addr));
}

constexpr operation epoll_ctl{
    .check = check_epoll_ctl, .keep = keep_epoll_ctl, .attempt = do_epoll_ctl};

std::int32_t check_epoll_wait(abi::sqe const& entry) noexcept {
    return any_set(entry.off, entry.rw_flags, entry.buf_index, entry.file_index) ? -EINVAL : 0;
}

outcome do_epoll_wait(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    if (names_ring(r))
        return outcome::answer(-EINVAL);
    auto const room = static_cast<std::int32_t>(entry.len);
    long const found = call(SYS_epoll_pwait, r.fd, entry.addr, room, 0, nullptr, 0);
    return found == 0 ? outcome::until(EPOLLIN) : outcome::answer(found);
}

constexpr operation epoll_wait{
    .check = check_epoll_wait, .attempt = do_epoll_wait, .has_file = true};

} // namespace

operation const* find_pipe(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::pipe: return &pipe;
    case abi::opcode::epoll_ctl: return &epoll_ctl;
    case abi::opcode::epoll_wait: return &epoll_wait;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
