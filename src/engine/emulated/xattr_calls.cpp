// SPDX-License-Identifier: MIT
// Extended attributes, of an open file or of a path that starts at the working directory. All of it
// is for workers, and its errors do not fail what is linked: so it is with the kernel.
#include "file_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "user_memory.hpp"

#include <rondo/abi/sqe.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/limits.h>
#include <sys/xattr.h>

namespace rondo::engine::emulation {
namespace {

std::int32_t check_name(std::uint64_t address) noexcept {
    std::int32_t const readable = check_path(address);
    if (readable == -EFAULT)
        return -EFAULT;
    if (readable != 0 || std::strlen(pointer_to<char const>(address)) > XATTR_NAME_MAX)
        return -ERANGE;
    return 0;
}

std::int32_t check_fsetxattr(abi::sqe const& entry) noexcept {
    constexpr std::uint32_t known = XATTR_CREATE | XATTR_REPLACE;
    if ((entry.xattr_flags & ~known) != 0)
        return -EINVAL;
    if (std::int32_t const name = check_name(entry.addr); name != 0)
        return name;
    if (entry.len > XATTR_SIZE_MAX)
        return -E2BIG;
    return entry.len == 0 || is_mapped(entry.addr2, entry.len) ? 0 : -EFAULT;
}

std::int32_t check_fgetxattr(abi::sqe const& entry) noexcept {
    return entry.xattr_flags != 0 ? -EINVAL : check_name(entry.addr);
}

/// Those of a path, beside what they share with those of a file: the path is in addr3.
template <std::int32_t (*Check)(abi::sqe const&) noexcept>
std::int32_t check_with_path(abi::sqe const& entry) noexcept {
    if ((entry.flags & raw(abi::sqe_flag::fixed_file)) != 0)
        return -EBADF;
    std::int32_t const rest = Check(entry);
    return rest != 0 ? rest : check_path(entry.addr3);
}

bool keep_fsetxattr(request& r) noexcept {
    return keep_text(r, r.sqe().addr) && keep_bytes(r, r.sqe().addr2, r.sqe().len);
}

bool keep_fgetxattr(request& r) noexcept { return keep_text(r, r.sqe().addr); }

template <bool (*Keep)(request&) noexcept>
bool keep_with_path(request& r) noexcept {
    return Keep(r) && keep_text(r, r.sqe().addr3);
}

/// `file` is a descriptor or the address of a path, whichever the call takes.
template <class File>
outcome set_attribute(abi::sqe const& entry, long number, File file) noexcept {
    return harmless_answer(
        call(number, file, entry.addr, entry.addr2, entry.len, entry.xattr_flags));
}

template <class File>
outcome get_attribute(abi::sqe const& entry, long number, File file) noexcept {
    return harmless_answer(call(number, file, entry.addr, entry.addr2, entry.len));
}

outcome do_setxattr(request& r, bool may_block) noexcept {
    return may_block ? set_attribute(r.sqe(), SYS_setxattr, r.sqe().addr3) : outcome::blocking();
}

outcome do_fsetxattr(request& r, bool may_block) noexcept {
    return may_block ? set_attribute(r.sqe(), SYS_fsetxattr, r.fd) : outcome::blocking();
}

outcome do_getxattr(request& r, bool may_block) noexcept {
    return may_block ? get_attribute(r.sqe(), SYS_getxattr, r.sqe().addr3) : outcome::blocking();
}

outcome do_fgetxattr(request& r, bool may_block) noexcept {
    return may_block ? get_attribute(r.sqe(), SYS_fgetxattr, r.fd) : outcome::blocking();
}

constexpr operation setxattr{.check = check_with_path<check_fsetxattr>,
                             .keep = keep_with_path<keep_fsetxattr>,
                             .attempt = do_setxattr};
constexpr operation fsetxattr{
    .check = check_fsetxattr, .keep = keep_fsetxattr, .attempt = do_fsetxattr, .has_file = true};
constexpr operation getxattr{.check = check_with_path<check_fgetxattr>,
                             .keep = keep_with_path<keep_fgetxattr>,
                             .attempt = do_getxattr};
constexpr operation fgetxattr{
    .check = check_fgetxattr, .keep = keep_fgetxattr, .attempt = do_fgetxattr, .has_file = true};

} // namespace

operation const* find_xattr(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::setxattr: return &setxattr;
    case abi::opcode::fsetxattr: return &fsetxattr;
    case abi::opcode::getxattr: return &getxattr;
    case abi::opcode::fgetxattr: return &fgetxattr;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
