// SPDX-License-Identifier: MIT
#include <rondo/core/mapping.hpp>

#include <sys/mman.h>
#include <unistd.h>

namespace rondo {

std::size_t page_size() noexcept {
    static std::size_t const bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
}

result<mapping> mapping::anonymous(std::size_t bytes, traits how) noexcept {
    std::size_t const unit = how.huge ? std::size_t{2} << 20 : page_size();
    std::size_t const whole = (bytes + unit - 1) / unit * unit;
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
    void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                              static_cast<off_t>(offset));
    if (data == MAP_FAILED)
        return fail(error::last(attempt::map_rings));
    mapping out(data, bytes);
    if (::madvise(data, bytes, MADV_DONTFORK) != 0)
        return fail(error::last(attempt::map_rings));
    return out;
}

void mapping::reset() noexcept {
    if (data_ != nullptr)
        ::munmap(data_, bytes_);
    data_ = nullptr;
    bytes_ = 0;
}

} // namespace rondo
