// SPDX-License-Identifier: MIT
#include "placeholders.hpp"

#include <rondo/abi/syscall.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <new>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace rondo::engine::simulation {
namespace {

template <class T>
long word(T* p) noexcept {
    return reinterpret_cast<long>(p);
}

/// 0: it is not a pipe.
std::uint64_t inode_of(int fd) noexcept {
    struct ::stat about{};
    return ::fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) ? about.st_ino : 0;
}

} // namespace

long placeholders::make() noexcept {
    if (!closings_) {
        long const set = abi::call(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
        if (set < 0)
            return set;
        closings_.reset(static_cast<int>(set));
    }
    int ends[2];
    if (long const made = abi::call(SYS_pipe2, word(ends), O_CLOEXEC, 0, 0, 0, 0); made < 0)
        return made;
    unique_fd reading(ends[0]), writing(ends[1]);
    ::epoll_event event{};
    event.events = 0; // the writer's end alone is told, which needs no asking
    event.data.fd = writing.get();
    if (long const added = abi::call(SYS_epoll_ctl, closings_.get(), EPOLL_CTL_ADD, reading.get(),
                                     word(&event), 0, 0);
        added < 0)
        return added;
    std::uint64_t const inode = inode_of(reading.get());
    try {
        by_inode_[inode] = writing.get();
        all_[writing.get()] = {std::move(reading), ++made_, inode};
        return writing.release();
    } catch (std::bad_alloc const&) {
        by_inode_.erase(inode);
        return -ENOMEM;
    }
}

int placeholders::original(int fd) const noexcept {
    auto const found = by_inode_.find(inode_of(fd));
    return found != by_inode_.end() ? found->second : -1;
}

void placeholders::forget(int fd) noexcept {
    auto const found = all_.find(fd);
    if (found == all_.end())
        return;
    by_inode_.erase(found->second.inode);
    all_.erase(found);
}

void placeholders::collect_closed(std::vector<int>& out) noexcept {
    if (!closings_)
        return;
    std::array<::epoll_event, 64> events;
    std::size_t const before = out.size();
    for (;;) {
        long const found = abi::call(SYS_epoll_pwait, closings_.get(), word(events.data()),
                                     events.size(), 0, 0, 0);
        for (long i = 0; i < found; ++i) {
            int const fd = events[static_cast<std::size_t>(i)].data.fd;
            long const end = all_.at(fd).end.get();
            abi::call(SYS_epoll_ctl, closings_.get(), EPOLL_CTL_DEL, end, 0, 0, 0);
            out.push_back(fd);
        }
        if (found < static_cast<long>(events.size()))
            break;
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
              [this](int a, int b) { return all_.at(a).order < all_.at(b).order; });
    for (std::size_t i = before; i < out.size(); ++i)
        forget(out[i]);
}

} // namespace rondo::engine::simulation
