// SPDX-License-Identifier: MIT
#include "placeholders.hpp"

#include "guarded.hpp"

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

placeholders::made placeholders::make(bool of_ring) noexcept {
    if (!closings_) {
        long const set = abi::call(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
        if (set < 0)
            return {.fd = set};
        closings_.reset(static_cast<int>(set));
    }
    int ends[2];
    if (long const done = abi::call(SYS_pipe2, word(ends), O_CLOEXEC, 0, 0, 0, 0); done < 0)
        return {.fd = done};
    unique_fd reading(ends[0]), writing(ends[1]);
    ::epoll_event event{};
    event.events = 0; // the writer's end alone is told, which needs no asking
    event.data.u64 = last_ + 1;
    if (long const added = abi::call(SYS_epoll_ctl, closings_.get(), EPOLL_CTL_ADD, reading.get(),
                                     word(&event), 0, 0);
        added < 0)
        return {.fd = added};
    std::uint64_t const inode = inode_of(reading.get());
    std::uint64_t const id = last_ + 1;
    try {
        by_inode_[inode] = id;
        known_[writing.get()] = {of_ring ? always : age_, id};
        all_.emplace(id, entry{std::move(reading), inode});
    } catch (std::bad_alloc const&) {
        by_inode_.erase(inode);
        known_.erase(writing.get());
        return {.fd = -ENOMEM};
    }
    last_ = id;
    return {writing.release(), id};
}

std::uint64_t placeholders::id_of(int fd) noexcept {
    auto const found = known_.find(fd);
    if (found != known_.end()) {
        auto const [age, id] = found->second;
        if (age == age_ || (age == always && all_.contains(id)))
            return id;
    }
    auto const owner = by_inode_.find(inode_of(fd));
    std::uint64_t const id = owner != by_inode_.end() ? owner->second : 0;
    if (found != known_.end()) {
        found->second = {age_, id};
    } else if (id != 0) {
        // Without memory it is asked for again.
        static_cast<void>(has_memory_for([&] { known_[fd] = {age_, id}; }));
    }
    return id;
}

void placeholders::collect_closed(std::vector<std::uint64_t>& out) noexcept {
    if (!closings_)
        return;
    std::array<::epoll_event, 64> events;
    std::size_t const before = out.size();
    for (;;) {
        long const found = abi::call(SYS_epoll_pwait, closings_.get(), word(events.data()),
                                     events.size(), 0, 0, 0);
        for (long i = 0; i < found; ++i) {
            std::uint64_t const id = events[static_cast<std::size_t>(i)].data.u64;
            auto const closed = all_.find(id);
            by_inode_.erase(closed->second.inode);
            all_.erase(closed); // which takes it out of the set
            out.push_back(id);
        }
        if (found < static_cast<long>(events.size()))
            break;
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
}

} // namespace rondo::engine::simulation
