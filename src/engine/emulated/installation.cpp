// SPDX-License-Identifier: MIT
#include "installation.hpp"

#include "calls.hpp"
#include "operations.hpp"
#include "registrations.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/core/bits.hpp>

#include <cerrno>
#include <fcntl.h>
#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr auto setup_flags =
    abi::setup::cqsize | abi::setup::clamp | abi::setup::attach_wq | abi::setup::r_disabled |
    abi::setup::submit_all | abi::setup::coop_taskrun | abi::setup::taskrun_flag |
    abi::setup::sqe128 | abi::setup::cqe32 | abi::setup::single_issuer | abi::setup::defer_taskrun |
    abi::setup::no_mmap | abi::setup::no_sqarray;
constexpr auto features = abi::feature::single_mmap | abi::feature::nodrop |
                          abi::feature::submit_stable | abi::feature::rw_cur_pos |
                          abi::feature::fast_poll | abi::feature::poll_32bits |
                          abi::feature::ext_arg | abi::feature::rsrc_tags | abi::feature::cqe_skip |
                          abi::feature::linked_file | abi::feature::recvsend_bundle |
                          abi::feature::min_timeout | abi::feature::no_iowait;
constexpr auto enter_flags = abi::enter::getevents | abi::enter::ext_arg | abi::enter::abs_timer |
                             abi::enter::ext_arg_reg | abi::enter::no_iowait;
constexpr auto sqe_flags = abi::sqe_flag::fixed_file | abi::sqe_flag::io_drain |
                           abi::sqe_flag::io_link | abi::sqe_flag::io_hardlink |
                           abi::sqe_flag::async | abi::sqe_flag::buffer_select |
                           abi::sqe_flag::cqe_skip_success;

constexpr std::uint32_t most_entries = 32768;
constexpr std::uint32_t most_completions = 65536;

std::int32_t check_flags(abi::setup flags) noexcept {
    using abi::setup;
    if (any(flags & ~setup_flags))
        return -EINVAL;
    if (has(flags, setup::taskrun_flag) &&
        !any(flags & (setup::coop_taskrun | setup::defer_taskrun)))
        return -EINVAL;
    return has(flags, setup::defer_taskrun) && !has(flags, setup::single_issuer) ? -EINVAL : 0;
}

} // namespace

std::int32_t grant_sizes(std::uint32_t entries, abi::params& p) noexcept {
    bool const clamps = has(static_cast<abi::setup>(p.flags), abi::setup::clamp);
    if (entries == 0)
        return -EINVAL;
    if (entries > most_entries) {
        if (!clamps)
            return -EINVAL;
        entries = most_entries;
    }
    p.sq_entries = round_up_to_power_of_two(entries);
    if (!has(static_cast<abi::setup>(p.flags), abi::setup::cqsize)) {
        p.cq_entries = 2 * p.sq_entries;
        return 0;
    }
    if (p.cq_entries == 0)
        return -EINVAL;
    if (p.cq_entries > most_completions) {
        if (!clamps)
            return -EINVAL;
        p.cq_entries = most_completions;
    }
    p.cq_entries = round_up_to_power_of_two(p.cq_entries);
    return p.cq_entries < p.sq_entries ? -EINVAL : 0;
}

abi::query_opcode const& what_there_is() noexcept {
    static abi::query_opcode const all = [] {
        abi::query_opcode out{};
        out.nr_request_opcodes = count_opcodes(has_operation);
        out.nr_register_opcodes = raw(abi::register_op::query) + 1;
        out.feature_flags = raw(features);
        out.ring_setup_flags = raw(setup_flags);
        out.enter_flags = raw(enter_flags);
        out.sqe_flags = raw(sqe_flags);
        out.nr_query_opcodes = 1;
        return out;
    }();
    return all;
}

long installation::setup(std::uint32_t entries, abi::params& p) noexcept {
    for (std::uint32_t const reserved : p.resv)
        if (reserved != 0)
            return -EINVAL;
    auto const flags = static_cast<abi::setup>(p.flags);
    if (std::int32_t const ok = check_flags(flags); ok != 0)
        return ok;
    if (has(flags, abi::setup::attach_wq)) {
        int const other = static_cast<int>(p.wq_fd);
        if (call(SYS_fcntl, other, F_GETFD) < 0)
            return -EBADF;
        if (!is_ring(other))
            return -EINVAL;
    }
    if (std::int32_t const ok = grant_sizes(entries, p); ok != 0)
        return ok;
    p.features = raw(features);
    auto shared = queues::create(p);
    if (!shared)
        return -shared.error().code();
    auto watched = poller::create();
    if (!watched)
        return -watched.error().code();
    try {
        auto const ring =
            std::make_shared<kernel_side>(*this, std::move(*shared), std::move(*watched), flags);
        ring->connect();
        int const fd = ring->descriptor();
        std::lock_guard const held(lock_);
        rings_[fd] = ring;
        if (static_cast<std::size_t>(fd) < quick)
            quick_[static_cast<std::size_t>(fd)] = ring.get();
        return fd;
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

std::shared_ptr<kernel_side> installation::find(int fd) noexcept {
    std::lock_guard const held(lock_);
    auto const found = rings_.find(fd);
    return found != rings_.end() ? found->second : nullptr;
}

kernel_side* installation::peek(int fd) noexcept {
    if (fd >= 0 && static_cast<std::size_t>(fd) < quick)
        return quick_[static_cast<std::size_t>(fd)].load();
    return find(fd).get();
}

void installation::close(int fd) noexcept {
    std::shared_ptr<kernel_side> ring;
    {
        std::lock_guard const held(lock_);
        auto const found = rings_.find(fd);
        if (found == rings_.end())
            return;
        ring = std::move(found->second);
        rings_.erase(found);
        if (static_cast<std::size_t>(fd) < quick)
            quick_[static_cast<std::size_t>(fd)] = nullptr;
    }
    ring->close();
}

void installation::worked(void*, request& r, outcome how) noexcept { r.owner->hand_over(r, how); }

} // namespace rondo::engine::emulation
