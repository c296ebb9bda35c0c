// SPDX-License-Identifier: MIT
// Register calls about the ring itself: enabling, events, clock, waits, cancels, sizes.
#include "kernel_side.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "installation.hpp"
#include "operations.hpp"
#include "registrations.hpp"
#include "timeouts.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/region.hpp>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>

namespace rondo::engine::emulation {
namespace {

/// As far as /proc tells; without it every descriptor is believed to be one.
bool is_eventfd(int fd) noexcept {
    char path[32] = "/proc/self/fd/";
    std::to_chars(path + 14, path + sizeof path - 1, fd);
    char kind[32] = {};
    long const bytes = call(SYS_readlinkat, AT_FDCWD, path, kind, sizeof kind - 1);
    return bytes < 0 || std::string_view(kind).starts_with("anon_inode:[eventfd");
}

} // namespace

long kernel_side::register_(std::uint32_t operation, void* arg, std::uint32_t count) noexcept {
    using abi::register_op;
    std::unique_lock held(lock_);
    if (closed_)
        return -EBADF;
    if (owner_ != 0 && belongs_elsewhere())
        return -EEXIST;
    if (!restrictions_.allow_registration(operation))
        return -EACCES;
    long answer = 0;
    switch (static_cast<register_op>(operation)) {
    case register_op::enable_rings: answer = enable(arg, count); break;
    case register_op::restrictions:
        answer = disabled_ ? restrictions_.set(arg, count) : -EBADFD;
        break;
    case register_op::eventfd:
    case register_op::eventfd_async:
    case register_op::unregister_eventfd: answer = register_event(operation, arg, count); break;
    case register_op::clock: answer = register_clock(arg, count); break;
    case register_op::mem_region: answer = register_region(arg, count); break;
    case register_op::sync_cancel: answer = cancel_now(held, arg, count); break;
    case register_op::resize_rings: answer = resize(arg, count); break;
    case register_op::probe:
        answer = answer_probe(arg, count, [this](std::uint8_t code) {
            return home_.find_operation(static_cast<abi::opcode>(code)) != nullptr;
        });
        break;
    case register_op::query: answer = answer_query(arg, count, home_.what_there_is()); break;
    case register_op::clone_buffers: answer = clone(held, arg, count); break;
    default:
        answer = register_tables(files_, buffers_, groups_, operation, arg, count);
        if (answer == not_mine)
            answer = operation < raw(register_op::last) ? -EOPNOTSUPP : -EINVAL;
        break;
    }
    receive(); // tags of what was let go
    leave();
    return answer;
}

long kernel_side::enable(void* arg, std::uint32_t count) noexcept {
    if (arg != nullptr || count != 0)
        return -EINVAL;
    if (!disabled_)
        return -EBADFD;
    owner_ = call(SYS_gettid);
    restrictions_.enforce();
    disabled_ = false;
    return 0;
}

long kernel_side::register_event(std::uint32_t operation, void* arg, std::uint32_t count) noexcept {
    std::lock_guard const events(event_lock_);
    if (operation == raw(abi::register_op::unregister_eventfd)) {
        if (arg != nullptr || count != 0)
            return -EINVAL;
        if (!event_)
            return -ENXIO;
        has_event_ = false;
        event_.reset();
        if (std::exchange(tended_, false))
            home_.tender().remove(*this);
        return 0;
    }
    if (count != 1)
        return -EINVAL;
    if (arg == nullptr)
        return -EFAULT;
    if (event_)
        return -EBUSY;
    int const given = *static_cast<std::int32_t const*>(arg);
    long const fd = duplicate(given);
    if (fd < 0)
        return fd;
    if (!is_eventfd(static_cast<int>(fd))) {
        call(SYS_close, fd);
        return -EINVAL;
    }
    event_.reset(static_cast<int>(fd));
    event_async_ = operation == raw(abi::register_op::eventfd_async);
    // Of workers it is told anyway; a simulation, which has one thread, has other ways.
    if (!event_async_ && other_system == nullptr) {
        if (long const known = home_.tender().add(*this); known != 0) {
            event_.reset();
            return known;
        }
        tended_ = true;
    }
    has_event_ = true;
    return 0;
}

long kernel_side::register_clock(void* arg, std::uint32_t count) noexcept {
    if (arg == nullptr || count != 0)
        return -EINVAL;
    auto const& wanted = *static_cast<abi::clock_register const*>(arg);
    if (!all_zero(wanted.resv))
        return -EINVAL;
    if (wanted.clockid != CLOCK_MONOTONIC && wanted.clockid != CLOCK_BOOTTIME)
        return -EINVAL;
    clock_ = static_cast<int>(wanted.clockid);
    return 0;
}

/// One region per ring, in the caller's memory or the engine's, for the arguments of waits.
long kernel_side::register_region(void* arg, std::uint32_t count) noexcept {
    if (arg == nullptr || count != 1)
        return -EINVAL;
    auto const& request = *static_cast<abi::mem_region_reg const*>(arg);
    auto* const region = pointer_to<abi::region_desc>(request.region_uptr);
    constexpr std::uint64_t waits = raw(abi::mem_region_flag::reg_wait_arg);
    if (has_region_)
        return -EBUSY;
    if (region == nullptr)
        return -EFAULT;
    if ((request.flags & ~waits) != 0 || !all_zero(request.resv))
        return -EINVAL;
    if ((request.flags & waits) != 0 && !disabled_)
        return -EINVAL;
    std::size_t const page = page_size();
    bool const callers = region->flags == raw(abi::region_flag::type_user);
    if ((!callers && region->flags != 0) || callers != (region->user_addr != 0))
        return callers ? -EFAULT : -EINVAL;
    if (region->size == 0 || region->size % page != 0 || region->user_addr % page != 0)
        return -EINVAL;
    if (!callers) {
        auto made = mapping::shareable(region->size);
        if (!made)
            return -made.error().code();
        region_memory_ = std::move(*made);
        region->mmap_offset = region_offset;
    }
    has_region_ = true;
    if ((request.flags & waits) != 0) {
        region_ = callers ? pointer_to<void const>(region->user_addr) : region_memory_.data();
        region_bytes_ = region->size;
    }
    return 0;
}

/// Cancels, and with a worker in the way waits until it has let go.
long kernel_side::cancel_now(std::unique_lock<std::mutex>& held, void* arg,
                             std::uint32_t count) noexcept {
    if (arg == nullptr || count != 1)
        return -EINVAL;
    auto const& wanted = *static_cast<abi::sync_cancel_reg const*>(arg);
    if ((wanted.flags & ~cancel_pattern::known) != 0 || !all_zero(wanted.pad) ||
        !all_zero(wanted.pad2))
        return -EINVAL;
    cancel_pattern const pattern{wanted.flags, wanted.addr, wanted.fd, wanted.opcode};
    if (pattern.asks(abi::cancel_flag::fd) &&
        !has_file(pattern.fd, pattern.asks(abi::cancel_flag::fd_fixed)))
        return -EBADF;
    bool const forever = wanted.timeout.tv_sec == -1 && wanted.timeout.tv_nsec == -1;
    wait_limits limits;
    if (!forever)
        limits.until = later(now(), nanoseconds(wanted.timeout.tv_sec, wanted.timeout.tv_nsec));
    std::int32_t done = cancel(pattern, nullptr);
    while (done == -EALREADY) {
        std::int64_t const left = time_left(limits);
        if (left == 0)
            return -ETIME;
        std::int32_t const slept = sleep(held, left, limits);
        if (slept < 0)
            return slept;
        receive();
        run_ready();
        done = cancel(pattern, nullptr);
        if (done == -ENOENT)
            done = 0;
    }
    run_ready();
    return done;
}

long kernel_side::resize(void* arg, std::uint32_t count) noexcept {
    if (arg == nullptr || count != 1)
        return -EINVAL;
    if (!has(flags_, abi::setup::defer_taskrun) || has(flags_, abi::setup::no_mmap))
        return -EINVAL;
    auto& p = *static_cast<abi::params*>(arg);
    constexpr auto resizable = abi::setup::cqsize | abi::setup::clamp;
    constexpr auto inherited =
        abi::setup::no_sqarray | abi::setup::sqe128 | abi::setup::cqe32 | abi::setup::cqe_mixed;
    if ((p.flags & ~raw(resizable)) != 0)
        return -EINVAL;
    if (std::int32_t const ok = grant_sizes(p.sq_entries, p); ok != 0)
        return ok;
    std::uint32_t const asked = p.flags;
    p.flags |= raw(flags_ & inherited);
    auto fresh = queues::create(p);
    if (!fresh)
        return -fresh.error().code();
    if (std::int32_t const moved = fresh->adopt(queues_); moved != 0)
        return moved;
    p.flags = asked | raw(flags_ & inherited);
    queues_ = std::move(*fresh);
    return 0;
}

long kernel_side::clone(std::unique_lock<std::mutex>& held, void* arg,
                        std::uint32_t count) noexcept {
    abi::clone_buffers wanted{};
    if (long const ok = read_clone_buffers(buffers_, arg, count, wanted); ok != 0)
        return ok;
    auto const from = home_.find(static_cast<int>(wanted.src_fd));
    if (!from)
        return is_open(static_cast<int>(wanted.src_fd)) ? -EOPNOTSUPP : -EBADF;
    if (from.get() == this)
        return buffers_.clone(buffers_, wanted);
    held.unlock(); // both locks, in an order that another thread's clone cannot turn round
    std::lock(lock_, from->lock_);
    std::unique_lock const other(from->lock_, std::adopt_lock);
    held = std::unique_lock(lock_, std::adopt_lock);
    return buffers_.clone(from->buffers_, wanted);
}

} // namespace rondo::engine::emulation
