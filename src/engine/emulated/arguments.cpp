// SPDX-License-Identifier: MIT
#include "arguments.hpp"

#include "calls.hpp"

#include <cerrno>

namespace rondo::engine::emulation {
namespace {

bool keep_copy(std::uint64_t& address, void const* copy) noexcept {
    if (copy == nullptr)
        return false;
    address = reinterpret_cast<std::uintptr_t>(copy);
    return true;
}

} // namespace

std::int32_t check_path(std::uint64_t address, bool may_be_empty) noexcept {
    // symlinkat(2) reads the target before it looks for the directory, which is none: whatever the
    // target is, no link is made.
    long const answer = call(SYS_symlinkat, address, -1, "x");
    if (answer == -EFAULT || answer == -ENAMETOOLONG || (answer == -ENOENT && !may_be_empty))
        return static_cast<std::int32_t>(answer);
    return 0;
}

bool keep_text(request& r, std::uint64_t& address) noexcept {
    return keep_copy(address, r.copy_text(pointer_to<char const>(address)));
}

bool keep_bytes(request& r, std::uint64_t& address, std::size_t bytes) noexcept {
    return bytes == 0 || keep_copy(address, r.copy(pointer_to<void const>(address), bytes));
}

} // namespace rondo::engine::emulation
