// SPDX-License-Identifier: MIT
// Which operations fail, and which move less than they could.
#include "system.hpp"

#include <rondo/abi/flags.hpp>

#include <cerrno>
#include <sys/stat.h>

namespace rondo::engine::simulation {
namespace {

using emulation::request;

/// What kinds of failures an operation can meet.
struct nature {
    bool reads = false;  ///< bytes of a file or stream
    bool writes = false; ///< the same
    bool sends = false;
    bool waits = false;  ///< may be interrupted, or find nothing
    bool syncs = false;  ///< touches the disk beside reading and writing
    bool surely = false; ///< never fails for want of memory
};

nature nature_of(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::read:
    case abi::opcode::readv:
    case abi::opcode::read_fixed:
    case abi::opcode::readv_fixed:
    case abi::opcode::read_multishot: return {.reads = true, .waits = true};
    case abi::opcode::write:
    case abi::opcode::writev:
    case abi::opcode::write_fixed:
    case abi::opcode::writev_fixed: return {.writes = true, .waits = true};
    case abi::opcode::send:
    case abi::opcode::sendmsg:
    case abi::opcode::send_zc:
    case abi::opcode::sendmsg_zc: return {.sends = true, .waits = true};
    case abi::opcode::recv:
    case abi::opcode::recvmsg:
    case abi::opcode::accept:
    case abi::opcode::connect: return {.waits = true};
    case abi::opcode::fsync:
    case abi::opcode::sync_file_range:
    case abi::opcode::fallocate: return {.syncs = true};
    case abi::opcode::nop:
    case abi::opcode::close:
    case abi::opcode::async_cancel:
    case abi::opcode::poll_remove:
    case abi::opcode::timeout_remove:
    case abi::opcode::link_timeout: return {.surely = true};
    default: return {};
    }
}

} // namespace

std::int32_t system::planned_error(request const& r) noexcept {
    for (testing::fault& one : faults_) {
        if (static_cast<std::uint8_t>(one.opcode) != r.sqe().opcode || one.times == 0)
            continue;
        if (one.after != 0) {
            --one.after;
            continue;
        }
        --one.times;
        return -one.error;
    }
    return 0;
}

std::int32_t system::error_for(request const& r) noexcept {
    if (std::int32_t const planned = planned_error(r); planned != 0)
        return planned;
    nature const what = nature_of(static_cast<abi::opcode>(r.sqe().opcode));
    auto const file = r.what->has_file ? world_.find(r.fd) : nullptr;
    bool const on_disk = file && S_ISREG(file->what->type());
    chance& luck = world_.luck();
    if (what.waits && luck.happens(how_.eintr))
        return -EINTR;
    if (what.waits && !on_disk && luck.happens(how_.eagain))
        return -EAGAIN;
    bool const chooses = r.has(abi::sqe_flag::buffer_select);
    if ((what.sends || chooses) && luck.happens(how_.enobufs))
        return -ENOBUFS;
    if (on_disk && (what.reads || what.writes || what.syncs) && luck.happens(how_.eio))
        return -EIO;
    bool const grows =
        what.writes || static_cast<abi::opcode>(r.sqe().opcode) == abi::opcode::fallocate;
    if (on_disk && grows && luck.happens(how_.enospc))
        return -ENOSPC;
    return !what.surely && luck.happens(how_.enomem) ? -ENOMEM : 0;
}

/// Of files only: streams are shortened where the bytes move, and messages never.
void system::shorten(request& r) noexcept {
    switch (static_cast<abi::opcode>(r.sqe().opcode)) {
    case abi::opcode::read:
    case abi::opcode::write:
    case abi::opcode::read_fixed:
    case abi::opcode::write_fixed: break;
    default: return;
    }
    if (r.sqe().len < 2 || r.has(abi::sqe_flag::buffer_select))
        return;
    auto const file = world_.find(r.fd);
    if (!file || !S_ISREG(file->what->type()) || !world_.luck().happens(how_.short_count))
        return;
    r.sqe().len = 1 + static_cast<std::uint32_t>(world_.luck().below(r.sqe().len - 1));
    r.shortened = true;
    note(name_of(r) + " is shortened to " + std::to_string(r.sqe().len) + " bytes");
}

} // namespace rondo::engine::simulation
