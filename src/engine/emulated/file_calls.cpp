// SPDX-License-Identifier: MIT
// What is done to an open file, or to memory, beside reading and writing. All of it is for workers,
// but for advice that only sets a flag. Errors of most of it do not fail what is linked: so it is
// with the kernel.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>

namespace rondo::engine::emulation {
namespace {

std::int32_t check_fsync(abi::sqe const& entry) noexcept {
    if (any_set(entry.addr, entry.buf_index, entry.file_index) ||
        (entry.fsync_flags & ~raw(abi::fsync_flag::datasync)) != 0 ||
        static_cast<std::int64_t>(entry.off) < 0)
        return -EINVAL;
    return 0;
}

// There is no call for a range of it: all of the file is more than was asked for.
outcome do_fsync(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    bool const data_only = (r.sqe().fsync_flags & raw(abi::fsync_flag::datasync)) != 0;
    return harmless_answer(call(data_only ? SYS_fdatasync : SYS_fsync, r.fd));
}

constexpr operation fsync{.check = check_fsync, .attempt = do_fsync, .has_file = true};

std::int32_t check_sync_file_range(abi::sqe const& entry) noexcept {
    return any_set(entry.addr, entry.buf_index, entry.file_index) ? -EINVAL : 0;
}

outcome do_sync_file_range(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
#if defined(SYS_sync_file_range)
    return harmless_answer(
        call(SYS_sync_file_range, r.fd, entry.off, entry.len, entry.sync_range_flags));
#else
    return harmless_answer(
        call(SYS_sync_file_range2, r.fd, entry.sync_range_flags, entry.off, entry.len));
#endif
}

constexpr operation sync_file_range{
    .check = check_sync_file_range, .attempt = do_sync_file_range, .has_file = true};

std::int32_t check_fallocate(abi::sqe const& entry) noexcept {
    return any_set(entry.rw_flags, entry.buf_index, entry.file_index) ? -EINVAL : 0;
}

outcome do_fallocate(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_fallocate, r.fd, entry.len, entry.off, entry.addr));
}

constexpr operation fallocate{.check = check_fallocate, .attempt = do_fallocate, .has_file = true};

std::int32_t check_advice(abi::sqe const& entry) noexcept {
    return any_set(entry.buf_index, entry.file_index) ? -EINVAL : 0;
}

outcome do_fadvise(request& r, bool may_block) noexcept {
    abi::sqe const& entry = r.sqe();
    auto const advice = static_cast<std::int32_t>(entry.fadvise_advice);
    bool const only_a_flag = advice == POSIX_FADV_NORMAL || advice == POSIX_FADV_RANDOM ||
                             advice == POSIX_FADV_SEQUENTIAL;
    if (!may_block && !only_a_flag)
        return outcome::blocking();
    std::uint64_t const size = entry.addr != 0 ? entry.addr : entry.len;
    return outcome::answer(call(SYS_fadvise64, r.fd, entry.off, size, advice));
}

constexpr operation fadvise{.check = check_advice, .attempt = do_fadvise, .has_file = true};

outcome do_madvise(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    std::uint64_t const size = entry.off != 0 ? entry.off : entry.len;
    return harmless_answer(call(SYS_madvise, entry.addr, size, entry.fadvise_advice));
}

constexpr operation madvise{.check = check_advice, .attempt = do_madvise};

std::int32_t check_ftruncate(abi::sqe const& entry) noexcept {
    bool const wrong = any_set(entry.rw_flags, entry.addr, entry.len, entry.buf_index,
                               entry.file_index, entry.addr3);
    return wrong ? -EINVAL : 0;
}

outcome do_ftruncate(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    return harmless_answer(call(SYS_ftruncate, r.fd, r.sqe().off));
}

constexpr operation ftruncate{.check = check_ftruncate, .attempt = do_ftruncate, .has_file = true};

std::int32_t check_statx(abi::sqe const& entry) noexcept {
    if (any_set(entry.buf_index, entry.file_index))
        return -EINVAL;
    if ((entry.flags & raw(abi::sqe_flag::fixed_file)) != 0)
        return -EBADF;
    return check_path(entry.addr, (entry.statx_flags & AT_EMPTY_PATH) != 0);
}

bool keep_statx(request& r) noexcept { return keep_text(r, r.sqe().addr); }

outcome do_statx(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    // For an open file the system call lets unknown flags pass (Linux 6.11), the ring does not.
    constexpr std::uint32_t known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
                                    AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
    if ((entry.statx_flags & AT_EMPTY_PATH) != 0 && (entry.statx_flags & ~known) != 0)
        return harmless_answer(-EINVAL);
    return harmless_answer(
        call(SYS_statx, entry.fd, entry.addr, entry.statx_flags, entry.len, entry.addr2));
}

constexpr operation statx{.check = check_statx, .keep = keep_statx, .attempt = do_statx};

} // namespace

operation const* find_file(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::fsync: return &fsync;
    case abi::opcode::sync_file_range: return &sync_file_range;
    case abi::opcode::fallocate: return &fallocate;
    case abi::opcode::fadvise: return &fadvise;
    case abi::opcode::madvise: return &madvise;
    case abi::opcode::ftruncate: return &ftruncate;
    case abi::opcode::statx: return &statx;
    default: return find_open(code);
    }
}

} // namespace rondo::engine::emulation
