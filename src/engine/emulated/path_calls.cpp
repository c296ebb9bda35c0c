// SPDX-License-Identifier: MIT
// Names in file systems: renaming, removing, making and linking them. All of it is for workers, and
// its errors do not fail what is linked: so it is with the kernel.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"

#include <rondo/abi/sqe.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>

namespace rondo::engine::emulation {
namespace {

/// What all of them are asked first: no field without a use, and no slot for a directory.
std::int32_t check_fields(abi::sqe const& entry, bool wrong) noexcept {
    if (wrong || any_set(entry.buf_index, entry.file_index))
        return -EINVAL;
    return (entry.flags & raw(abi::sqe_flag::fixed_file)) != 0 ? -EBADF : 0;
}

std::int32_t check_two_paths(abi::sqe const& entry, bool first_may_be_empty = false) noexcept {
    std::int32_t const first = check_path(entry.addr, first_may_be_empty);
    return first != 0 ? first : check_path(entry.addr2);
}

bool keep_path(request& r) noexcept { return keep_text(r, r.sqe().addr); }

bool keep_two_paths(request& r) noexcept {
    return keep_text(r, r.sqe().addr) && keep_text(r, r.sqe().addr2);
}

std::int32_t check_renameat(abi::sqe const& entry) noexcept {
    std::int32_t const fields = check_fields(entry, false);
    return fields != 0 ? fields : check_two_paths(entry);
}

outcome do_renameat(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_renameat2, entry.fd, entry.addr,
                                static_cast<std::int32_t>(entry.len), entry.addr2,
                                entry.rename_flags));
}

constexpr operation renameat{
    .check = check_renameat, .keep = keep_two_paths, .attempt = do_renameat};

std::int32_t check_unlinkat(abi::sqe const& entry) noexcept {
    std::int32_t const fields = check_fields(entry, any_set(entry.off, entry.len));
    if (fields != 0)
        return fields;
    return (entry.unlink_flags & ~std::uint32_t{AT_REMOVEDIR}) != 0 ? -EINVAL
                                                                    : check_path(entry.addr);
}

outcome do_unlinkat(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_unlinkat, entry.fd, entry.addr, entry.unlink_flags));
}

constexpr operation unlinkat{.check = check_unlinkat, .keep = keep_path, .attempt = do_unlinkat};

std::int32_t check_mkdirat(abi::sqe const& entry) noexcept {
    std::int32_t const fields = check_fields(entry, any_set(entry.off, entry.rw_flags));
    return fields != 0 ? fields : check_path(entry.addr);
}

outcome do_mkdirat(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_mkdirat, entry.fd, entry.addr, entry.len));
}

constexpr operation mkdirat{.check = check_mkdirat, .keep = keep_path, .attempt = do_mkdirat};

std::int32_t check_symlinkat(abi::sqe const& entry) noexcept {
    std::int32_t const fields = check_fields(entry, any_set(entry.len, entry.rw_flags));
    return fields != 0 ? fields : check_two_paths(entry);
}

outcome do_symlinkat(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_symlinkat, entry.addr, entry.fd, entry.addr2));
}

constexpr operation symlinkat{
    .check = check_symlinkat, .keep = keep_two_paths, .attempt = do_symlinkat};

std::int32_t check_linkat(abi::sqe const& entry) noexcept {
    std::int32_t const fields = check_fields(entry, false);
    if (fields != 0)
        return fields;
    return check_two_paths(entry, (entry.hardlink_flags & AT_EMPTY_PATH) != 0);
}

outcome do_linkat(request& r, bool may_block) noexcept {
    if (!may_block)
        return outcome::blocking();
    abi::sqe const& entry = r.sqe();
    return harmless_answer(call(SYS_linkat, entry.fd, entry.addr,
                                static_cast<std::int32_t>(entry.len), entry.addr2,
                                entry.hardlink_flags));
}

constexpr operation linkat{.check = check_linkat, .keep = keep_two_paths, .attempt = do_linkat};

} // namespace

operation const* find_path(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::renameat: return &renameat;
    case abi::opcode::unlinkat: return &unlinkat;
    case abi::opcode::mkdirat: return &mkdirat;
    case abi::opcode::symlinkat: return &symlinkat;
    case abi::opcode::linkat: return &linkat;
    default: return find_xattr(code);
    }
}

} // namespace rondo::engine::emulation
