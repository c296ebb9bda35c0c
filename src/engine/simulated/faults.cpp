// SPDX-License-Identifier: MIT
// Which operations fail, and which move less than they could.
#include "system.hpp"

#include <engine/emulated/user_memory.hpp>

#include <rondo/abi/flags.hpp>

#include <algorithm>
#include <cerrno>
#include <span>
#include <sys/stat.h>
#include <sys/uio.h>

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

bool is_vector(request const& r) noexcept {
    switch (static_cast<abi::opcode>(r.sqe().opcode)) {
    case abi::opcode::readv:
    case abi::opcode::writev:
    case abi::opcode::readv_fixed:
    case abi::opcode::writev_fixed: return true;
    default: return false;
    }
}

std::span<::iovec> vector_of(request const& r) noexcept {
    return {emulation::pointer_to<::iovec>(r.sqe().addr), r.sqe().len};
}

/// What a read or write is about; 0: unknown, or nonsense that will fail by itself.
std::size_t bytes_asked(request const& r) noexcept {
    if (!is_vector(r))
        return r.sqe().len; // 0 of a provided buffer: all that it holds
    constexpr std::size_t most = 0x7fff'f000;
    if (!emulation::is_mapped(r.sqe().addr, vector_of(r).size_bytes()))
        return 0;
    std::size_t sum = 0;
    for (::iovec const& part : vector_of(r))
        sum += std::min(part.iov_len, most + 1);
    return sum <= most ? sum : 0;
}

/// Lets it be about `bytes` bytes only. False: no memory.
bool cut(request& r, std::size_t bytes) noexcept {
    if (!is_vector(r)) {
        r.sqe().len = static_cast<std::uint32_t>(bytes);
        return true;
    }
    // The array is the program's: of this one there is a copy.
    void* const copy = r.copy(vector_of(r).data(), vector_of(r).size_bytes());
    if (copy == nullptr)
        return false;
    r.sqe().addr = reinterpret_cast<std::uintptr_t>(copy);
    for (::iovec& part : vector_of(r)) {
        part.iov_len = std::min(part.iov_len, bytes);
        bytes -= part.iov_len;
    }
    return true;
}

} // namespace

std::int32_t system::planned_error(request const& r) noexcept {
    std::int32_t found = 0;
    for (testing::fault& one : faults_) { // each counts all operations: there is no early end
        if (static_cast<std::uint8_t>(one.opcode) != r.sqe().opcode || one.times == 0)
            continue;
        if (one.after != 0) {
            --one.after;
            continue;
        }
        --one.times;
        found = found != 0 ? found : -one.error;
    }
    return found;
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
    nature const what = nature_of(static_cast<abi::opcode>(r.sqe().opcode));
    if (!what.reads && !what.writes)
        return;
    auto const file = world_.find(r.fd);
    if (!file || !S_ISREG(file->what->type()) || !world_.luck().happens(how_.short_count))
        return;
    std::size_t const all = bytes_asked(r);
    if (all < 2)
        return;
    std::size_t const less = 1 + static_cast<std::size_t>(world_.luck().below(all - 1));
    if (!cut(r, less))
        return;
    r.shortened = true;
    note(name_of(r) + " is shortened to " + std::to_string(less) + " bytes");
}

} // namespace rondo::engine::simulation
