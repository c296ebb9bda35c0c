// SPDX-License-Identifier: MIT
#include "user_memory.hpp"

#include "calls.hpp"

#include <rondo/core/mapping.hpp>

#include <cerrno>
#include <sys/mman.h>

namespace rondo::engine::emulation {
namespace {

// Linux 5.14; the C library's headers may be older.
constexpr int populate_write = 23;

/// True where the kernel knows populate_write: asked once, of no memory at all.
bool knows_populate_write() noexcept {
    static bool const known = call(SYS_madvise, nullptr, 0, populate_write) == 0;
    return known;
}

} // namespace

// msync(2) with MS_ASYNC starts no writing since Linux 2.6.19: all that is left of it is a walk
// over the mappings in the range, which ends with -ENOMEM at a hole. Reading a byte of every page
// (process_vm_readv) would fault all of them in, and containers often forbid it; mincore(2) looks
// at every page too.
bool is_mapped(std::uint64_t address, std::size_t bytes) noexcept {
    if (bytes == 0)
        return true;
    std::uint64_t const page = page_size();
    std::uint64_t const first = address & ~(page - 1);
    std::uint64_t end = 0;
    if (__builtin_add_overflow(address, bytes, &end))
        return false;
    return call(SYS_msync, first, end - first, MS_ASYNC) == 0;
}

bool is_mapped(void const* data, std::size_t bytes) noexcept {
    return is_mapped(reinterpret_cast<std::uintptr_t>(data), bytes);
}

// The kernel looks at a signal set before it looks at what to do with it, so that to do nothing
// sensible reads 8 bytes and changes nothing. No lock of the address space is taken, and no filter
// of system calls is without this one.
bool is_readable(std::uint64_t address, std::size_t bytes) noexcept {
    constexpr std::uint64_t set_bytes = 8;
    constexpr long do_nothing = ~0L;
    std::uint64_t const page = page_size();
    std::uint64_t end = 0;
    if (__builtin_add_overflow(address, bytes, &end))
        return false;
    for (std::uint64_t at = address & ~(set_bytes - 1); at < end; at = (at & ~(page - 1)) + page)
        // A null set is no set. Memory is the program's own, whoever answers the other calls.
        if (at == 0 || abi::call(SYS_rt_sigprocmask, do_nothing, static_cast<long>(at), 0,
                                 set_bytes, 0, 0) == -EFAULT)
            return false;
    return true;
}

// The kernel pins every page for writing. Here the two outermost stand for all: a buffer hardly
// ever lies over mappings of different protection, and populating it all could take a second.
bool is_writable(std::uint64_t address, std::size_t bytes) noexcept {
    if (!is_mapped(address, bytes))
        return false;
    if (bytes == 0 || !knows_populate_write())
        return true;
    std::uint64_t const page = page_size();
    std::uint64_t const first = address & ~(page - 1);
    std::uint64_t const last = (address + bytes - 1) & ~(page - 1);
    return call(SYS_madvise, first, page, populate_write) == 0 &&
           (last == first || call(SYS_madvise, last, page, populate_write) == 0);
}

} // namespace rondo::engine::emulation
