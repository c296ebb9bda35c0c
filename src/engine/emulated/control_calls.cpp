// SPDX-License-Identifier: MIT
// Operations on the ring itself: nothing, cancels, slots, provided buffers.
#include "families.hpp"

#include "calls.hpp"
#include "closing.hpp"
#include "kernel_side.hpp"
#include "registrations.hpp"

#include <rondo/abi/flags.hpp>

#include <cerrno>
#include <fcntl.h>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t nop_known =
    raw(abi::nop_flag::inject_result | abi::nop_flag::file | abi::nop_flag::fixed_file |
        abi::nop_flag::fixed_buffer | abi::nop_flag::tw | abi::nop_flag::cqe32);

std::int32_t check_nop(abi::sqe const& entry) noexcept {
    return (entry.nop_flags & ~nop_known) != 0 ? -EINVAL : 0;
}

outcome nop(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    auto const asks = [&](abi::nop_flag f) { return (entry.nop_flags & raw(f)) != 0; };
    outcome how = outcome::answer(
        asks(abi::nop_flag::inject_result) ? static_cast<std::int32_t>(entry.len) : 0);
    if (asks(abi::nop_flag::file) && !r.owner->has_file(entry.fd, asks(abi::nop_flag::fixed_file)))
        return outcome::answer(-EBADF);
    if (asks(abi::nop_flag::fixed_buffer) && r.owner->buffers().hold(entry.buf_index) == nullptr)
        return outcome::answer(-EFAULT);
    if (asks(abi::nop_flag::cqe32)) {
        if (!has(r.owner->flags(), abi::setup::cqe32))
            return outcome::answer(-EINVAL);
        how.extra[0] = entry.off;
        how.extra[1] = entry.addr;
    }
    return how;
}

std::int32_t check_cancel(abi::sqe const& entry) noexcept {
    if ((entry.flags & raw(abi::sqe_flag::buffer_select)) != 0 || entry.off != 0 ||
        entry.splice_fd_in != 0 || (entry.cancel_flags & ~cancel_pattern::known) != 0)
        return -EINVAL;
    std::uint32_t const by_fd = raw(abi::cancel_flag::fd), by_op = raw(abi::cancel_flag::op);
    if ((entry.cancel_flags & (by_fd | by_op)) != 0 &&
        (entry.cancel_flags & raw(abi::cancel_flag::any)) != 0)
        return -EINVAL;
    return 0;
}

outcome cancel(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    cancel_pattern pattern{entry.cancel_flags, entry.addr, entry.fd,
                           static_cast<std::uint8_t>(entry.len)};
    if (pattern.asks(abi::cancel_flag::fd)) {
        if (r.has(abi::sqe_flag::fixed_file))
            pattern.flags |= raw(abi::cancel_flag::fd_fixed);
        if (!r.owner->has_file(pattern.fd, pattern.asks(abi::cancel_flag::fd_fixed)))
            return outcome::answer(-EBADF);
    }
    return outcome::answer(r.owner->cancel(pattern, &r));
}

std::int32_t check_close(abi::sqe const& entry) noexcept {
    if (entry.off != 0 || entry.addr != 0 || entry.len != 0 || entry.rw_flags != 0 ||
        entry.buf_index != 0)
        return -EINVAL;
    if ((entry.flags & raw(abi::sqe_flag::fixed_file)) != 0)
        return -EBADF;
    return entry.file_index != 0 && entry.fd != 0 ? -EINVAL : 0;
}

outcome close_file(request& r, bool may_block) noexcept {
    abi::sqe const& entry = r.sqe();
    if (entry.file_index != 0)
        return outcome::answer(r.owner->files().remove(entry.file_index - 1));
    if (r.owner->is_ring(entry.fd))
        return outcome::answer(-EBADF);
    if (!may_block && may_wait_to_close(entry.fd))
        return outcome::blocking();
    return outcome::answer(call(SYS_close, entry.fd));
}

outcome files_update(request& r, bool) noexcept {
    return outcome::answer(update_files(r.owner->files(), r.sqe()));
}

constexpr std::uint32_t install_known = raw(abi::install_fd_flag::no_cloexec);

std::int32_t check_install(abi::sqe const& entry) noexcept {
    if (entry.off != 0 || entry.addr != 0 || entry.len != 0 || entry.buf_index != 0 ||
        entry.splice_fd_in != 0 || entry.addr3 != 0)
        return -EINVAL;
    if ((entry.flags & raw(abi::sqe_flag::fixed_file)) == 0)
        return -EBADF;
    return (entry.install_fd_flags & ~install_known) != 0 ? -EINVAL : 0;
}

outcome install_file(request& r, bool) noexcept {
    bool const inherited = (r.sqe().install_fd_flags & install_known) != 0;
    return outcome::answer(call(SYS_fcntl, r.fd, inherited ? F_DUPFD : F_DUPFD_CLOEXEC, 0));
}

outcome provide(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    return outcome::answer(r.owner->groups().provide(entry.buf_group, entry.addr, entry.len,
                                                     static_cast<std::uint32_t>(entry.fd),
                                                     static_cast<std::uint16_t>(entry.off)));
}

outcome remove(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    return outcome::answer(
        r.owner->groups().remove(entry.buf_group, static_cast<std::uint32_t>(entry.fd)));
}

constexpr operation nop_operation{.check = check_nop, .attempt = nop, .on_ring = true};
constexpr operation cancel_operation{.check = check_cancel, .attempt = cancel, .on_ring = true};
constexpr operation close_operation{.check = check_close, .attempt = close_file, .on_ring = true};
constexpr operation update_operation{
    .check = check_files_update, .attempt = files_update, .on_ring = true};
constexpr operation install_operation{
    .check = check_install, .attempt = install_file, .on_ring = true, .has_file = true};
constexpr operation provide_operation{
    .check = buffer_groups::check_provide, .attempt = provide, .on_ring = true};
constexpr operation remove_operation{
    .check = buffer_groups::check_remove, .attempt = remove, .on_ring = true};

} // namespace

operation const* find_control(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::nop: return &nop_operation;
    case abi::opcode::async_cancel: return &cancel_operation;
    case abi::opcode::close: return &close_operation;
    case abi::opcode::files_update: return &update_operation;
    case abi::opcode::fixed_fd_install: return &install_operation;
    case abi::opcode::provide_buffers: return &provide_operation;
    case abi::opcode::remove_buffers: return &remove_operation;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
