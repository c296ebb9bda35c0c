// SPDX-License-Identifier: MIT
#include "event_count.hpp"

#include "world.hpp"

#include <cerrno>
#include <limits>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace rondo::engine::simulation {
namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - 1;

} // namespace

std::uint32_t event_count::ready(open_file const&) const noexcept {
    return (count_ > 0 ? EPOLLIN : 0u) | (count_ < most ? EPOLLOUT : 0u);
}

long event_count::read(open_file&, parts into, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    if (bytes_of(into) < sizeof count_)
        return -EINVAL;
    if (count_ == 0)
        return -EAGAIN;
    bool const was_full = count_ == most;
    std::uint64_t const taken = semaphore_ ? 1 : count_;
    count_ -= taken;
    copy_to(into, 0, &taken, sizeof taken);
    if (was_full)
        changed();
    return sizeof taken;
}

long event_count::add(std::uint64_t value) noexcept {
    if (value > most)
        return -EINVAL;
    if (most - count_ < value)
        return -EAGAIN;
    count_ += value;
    changed();
    return sizeof value;
}

// Each piece of memory is a write of its own, as for all that has no writev(2) of its own.
long event_count::write(open_file&, parts from, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    long written = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::uint64_t value = 0;
        long done = -EINVAL;
        if (from[i].iov_len == sizeof value) {
            copy_from(from.subspan(i, 1), 0, &value, sizeof value);
            done = add(value);
        }
        if (done < 0)
            return written != 0 ? written : done;
        written += done;
    }
    return written;
}

std::shared_ptr<object> make_event_count(world& w, unsigned initial, int flags) {
    return w.make<event_count>(initial, (flags & EFD_SEMAPHORE) != 0);
}

} // namespace rondo::engine::simulation
