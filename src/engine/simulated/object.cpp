// SPDX-License-Identifier: MIT
#include "object.hpp"

#include "poll_set.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/stat.h>
#include <sys/epoll.h>

namespace rondo::engine::simulation {

open_file::~open_file() {
    if (what)
        what->closed(*this);
}

std::uint32_t object::ready(open_file const&) const noexcept {
    return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

long object::read(open_file&, parts, std::int64_t, int) noexcept { return -EINVAL; }

long object::write(open_file&, parts, std::int64_t, int) noexcept { return -EINVAL; }

long object::describe(struct ::statx& out) const noexcept {
    out.stx_mask = STATX_BASIC_STATS;
    out.stx_blksize = 4096;
    out.stx_nlink = 1;
    out.stx_mode = static_cast<std::uint16_t>(type() | 0600);
    out.stx_ino = id;
    return 0;
}

long object::readable_bytes() const noexcept { return -ENOTTY; }

void object::changed() noexcept {
    for (watched* one : watchers)
        one->set->notice(*one);
}

std::size_t bytes_of(parts all) noexcept {
    std::size_t sum = 0;
    for (::iovec const& part : all)
        sum += part.iov_len;
    return sum;
}

namespace {

// A call that a sanitizer does not stand in the way of: what the program lent is poisoned.
__attribute__((noinline, no_sanitize("address"))) void move_bytes(std::byte* to,
                                                                  std::byte const* from,
                                                                  std::size_t bytes) noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
    for (std::size_t i = 0; i < bytes; ++i)
        static_cast<std::byte volatile*>(to)[i] = from[i];
#else
    std::memcpy(to, from, bytes);
#endif
}

/// Calls each(piece, bytes) for up to `most` bytes of the parts after the first `skip`.
template <class Each>
std::size_t for_pieces(parts all, std::size_t skip, std::size_t most, Each each) noexcept {
    std::size_t done = 0;
    for (::iovec const& part : all) {
        std::size_t const passed = std::min(skip, part.iov_len);
        skip -= passed;
        std::size_t const bytes = std::min(part.iov_len - passed, most - done);
        if (bytes != 0)
            each(static_cast<std::byte*>(part.iov_base) + passed, done, bytes);
        done += bytes;
    }
    return done;
}

} // namespace

std::size_t copy_to(parts into, std::size_t skip, void const* from, std::size_t bytes) noexcept {
    auto const* const source = static_cast<std::byte const*>(from);
    return for_pieces(into, skip, bytes,
                      [source](std::byte* piece, std::size_t at, std::size_t size) {
                          move_bytes(piece, source + at, size);
                      });
}

std::size_t copy_from(parts from, std::size_t skip, void* into, std::size_t bytes) noexcept {
    auto* const target = static_cast<std::byte*>(into);
    return for_pieces(from, skip, bytes,
                      [target](std::byte* piece, std::size_t at, std::size_t size) {
                          move_bytes(target + at, piece, size);
                      });
}

} // namespace rondo::engine::simulation
