// SPDX-License-Identifier: MIT
#include "installation.hpp"

#include "arguments.hpp"
#include "descriptors.hpp"
#include "known_flags.hpp"
#include "operations.hpp"
#include "registrations.hpp"

#include <rondo/core/bits.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

std::int32_t check_flags(abi::setup flags) noexcept {
    using abi::setup;
    if (any(flags & ~known_setup))
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
    if (entries > abi::most_sq_entries) {
        if (!clamps)
            return -EINVAL;
        entries = abi::most_sq_entries;
    }
    p.sq_entries = round_up_to_power_of_two(entries);
    if (!has(static_cast<abi::setup>(p.flags), abi::setup::cqsize)) {
        p.cq_entries = 2 * p.sq_entries;
        return 0;
    }
    if (p.cq_entries == 0)
        return -EINVAL;
    if (p.cq_entries > abi::most_cq_entries) {
        if (!clamps)
            return -EINVAL;
        p.cq_entries = abi::most_cq_entries;
    }
    p.cq_entries = round_up_to_power_of_two(p.cq_entries);
    return p.cq_entries < p.sq_entries ? -EINVAL : 0;
}

/// A call in the ring that a descriptor names: close() does not end the ring before the call.
class installation::visit {
public:
    visit(installation& home, int fd) noexcept : home_(home), seat_(home.seat_of(fd)) {
        if (seat_ == nullptr) {
            owner_ = home.find(fd);
            ring_ = owner_.get();
            return;
        }
        seat_->visits.fetch_add(1);
        ring_ = seat_->ring.load();
    }
    visit(visit const&) = delete;
    visit& operator=(visit const&) = delete;
    ~visit() {
        if (seat_ != nullptr && seat_->visits.fetch_sub(1) == 1 && home_.has_closed_.load())
            home_.let_go();
    }

    [[nodiscard]] kernel_side* ring() const noexcept { return ring_; }

private:
    installation& home_;
    seat* const seat_;
    kernel_side* ring_ = nullptr;
    std::shared_ptr<kernel_side> owner_; // of a descriptor without a seat
};

operation const* installation::find_operation(abi::opcode code) const noexcept {
    if (refused_[static_cast<std::size_t>(code)])
        return nullptr;
    return emulation::find_operation(code);
}

abi::query_opcode installation::what_there_is() const noexcept {
    abi::query_opcode out{};
    out.nr_request_opcodes = count_opcodes([this](std::uint8_t code) {
        return find_operation(static_cast<abi::opcode>(code)) != nullptr;
    });
    out.nr_register_opcodes = raw(abi::register_op::query) + 1;
    out.feature_flags = raw(known_features);
    out.ring_setup_flags = raw(known_setup & ~refused_setup_);
    out.enter_flags = raw(known_enter);
    out.sqe_flags = raw(known_sqe);
    out.nr_query_opcodes = 1;
    return out;
}

long installation::setup(std::uint32_t entries, abi::params& p) noexcept {
    if (!all_zero(p.resv))
        return -EINVAL;
    auto const flags = static_cast<abi::setup>(p.flags);
    if (any(flags & refused_setup_))
        return -EINVAL;
    if (std::int32_t const ok = check_flags(flags); ok != 0)
        return ok;
    if (has(flags, abi::setup::attach_wq)) {
        int const other = static_cast<int>(p.wq_fd);
        if (!is_open(other))
            return -EBADF;
        if (!is_ring(other))
            return -EINVAL;
    }
    if (std::int32_t const ok = grant_sizes(entries, p); ok != 0)
        return ok;
    p.features = raw(known_features);
    auto shared = queues::create(p, director_ != nullptr ? director_->first_index() : 0);
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
        closed_.reserve(closed_.size() + rings_.size()); // close() needs no memory
        if (seat* const known = seat_of(fd))
            known->ring = ring.get();
        return fd;
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

long installation::no_ring(int fd) noexcept { return is_open(fd) ? -EOPNOTSUPP : -EBADF; }

long installation::enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete,
                         std::uint32_t flags, void const* arg, std::size_t arg_size) noexcept {
    visit const here(*this, fd);
    return here.ring() != nullptr
               ? here.ring()->enter(to_submit, min_complete, flags, arg, arg_size)
               : no_ring(fd);
}

long installation::register_(int fd, std::uint32_t operation, void* arg,
                             std::uint32_t count) noexcept {
    if ((operation & ~raw(abi::register_op::use_registered_ring)) >= raw(abi::register_op::last))
        return -EINVAL;
    if (fd == -1)
        return register_without_ring(operation, arg, count);
    auto const ring = find(fd);
    return ring ? ring->register_(operation, arg, count) : no_ring(fd);
}

long installation::register_without_ring(std::uint32_t operation, void* arg,
                                         std::uint32_t count) noexcept {
    if (operation == raw(abi::register_op::query))
        return answer_query(arg, count, what_there_is());
    if (operation == raw(abi::register_op::send_msg_ring) && arg != nullptr && count == 1)
        return send_message(*this, *static_cast<abi::sqe const*>(arg));
    return -EINVAL;
}

result<mapping> installation::map(int fd, std::uint64_t offset, std::size_t bytes) noexcept {
    auto const ring = find(fd);
    if (!ring)
        return fail(static_cast<int>(-no_ring(fd)), attempt::map_rings);
    return ring->map(offset, bytes);
}

void installation::expose(int fd) noexcept {
    if (auto const ring = find(fd))
        ring->expose();
}

std::shared_ptr<kernel_side> installation::find(int fd) noexcept {
    std::lock_guard const held(lock_);
    auto const found = rings_.find(fd);
    return found != rings_.end() ? found->second : nullptr;
}

/// Lets go of closed rings that nobody is in any more.
void installation::let_go() noexcept {
    auto const is_left = [](auto const& one) { return one.first->visits.load() == 0; };
    for (;;) {
        std::shared_ptr<kernel_side> last; // ends without the lock
        std::lock_guard const held(lock_);
        auto const found = std::ranges::find_if(closed_, is_left);
        if (found == closed_.end())
            return has_closed_.store(!closed_.empty());
        last = std::move(found->second);
        closed_.erase(found);
    }
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
        if (seat* const known = seat_of(fd)) {
            known->ring = nullptr;
            closed_.emplace_back(known, ring);
        }
    }
    ring->close();
    // Here the list is filled before visits are looked at, there the visit ends before the list is:
    // in the one order of sequential consistency one of the two sees the other.
    has_closed_ = true;
    let_go();
}

void installation::worked(void*, request& r, outcome how) noexcept { r.owner->hand_over(r, how); }

} // namespace rondo::engine::emulation
