// SPDX-License-Identifier: MIT
#include <rondo/core/mapping.hpp>

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace rondo {

std::size_t page_size() noexcept {
    static std::size_t const bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t whole_pages(std::size_t bytes) noexcept {
    std::size_t const page = page_size();
    return (bytes + page - 1) / page * page;
}

namespace {

/// Of what mmap(2) and mremap(2) returned, kept from children.
result<mapping> private_to_parent(void* data, std::size_t bytes) noexcept {
    if (data == MAP_FAILED)
        return fail(error::last(attempt::map_rings));
    mapping out(data, bytes);
    if (::madvise(data, bytes, MADV_DONTFORK) != 0)
        return fail(error::last(attempt::map_rings));
    return out;
}

} // namespace

result<mapping> mapping::anonymous(std::size_t bytes) noexcept {
    return anonymous(bytes, traits());
}

result<mapping> mapping::anonymous(std::size_t bytes, traits how) noexcept {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    std::size_t const whole =
        how.huge ? (bytes + huge_page - 1) / huge_page * huge_page : whole_pages(bytes);
    int const flags = MAP_PRIVATE | MAP_ANONYMOUS | (how.huge ? MAP_HUGETLB : 0);
    void* const data = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (data == MAP_FAILED)
        return fail(error::last(attempt::allocate));
    mapping out(data, whole);
    if (how.keep_from_children && ::madvise(data, whole, MADV_DONTFORK) != 0)
        return fail(error::last(attempt::allocate));
    if (how.wipe_in_children && ::madvise(data, whole, MADV_WIPEONFORK) != 0)
        return fail(error::last(attempt::allocate));
    return out;
}

result<mapping> mapping::shared(int fd, std::size_t bytes, std::uint64_t offset) noexcept {
    return private_to_parent(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset)),
                             bytes);
}

result<mapping> mapping::shareable(std::size_t bytes) noexcept {
    std::size_t const whole = whole_pages(bytes);
    return private_to_parent(
        ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), whole);
}

result<mapping> mapping::again(std::size_t bytes) const noexcept {
    std::size_t const whole = whole_pages(bytes);
    if (bytes == 0 || whole < bytes || whole > bytes_)
        return fail(EINVAL, attempt::map_rings);
    // Growing a shared mapping from no bytes makes another one of the same pages: mremap(2).
    return private_to_parent(::mremap(data_, 0, whole, MREMAP_MAYMOVE), whole);
}

void mapping::reset() noexcept {
    if (data_ != nullptr)
        ::munmap(data_, bytes_);
    data_ = nullptr;
    bytes_ = 0;
}

} // namespace rondo
