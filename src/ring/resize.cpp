// SPDX-License-Identifier: MIT
#include "plan.hpp"

#include <rondo/core/assert.hpp>

#include <cerrno>
#include <utility>

namespace rondo {

result<> ring::resize(std::uint32_t entries, std::uint32_t cq_entries) noexcept {
    if (result<> bound = bind_to_this_thread(); !bound)
        return bound;
    constexpr attempt what = attempt_to_register(raw(abi::register_op::resize_rings));
    // With an index array the kernel (6.18) does not say where the new one lies.
    if (has(state_->features.setup, abi::setup::no_mmap) ||
        !has(state_->features.setup, abi::setup::defer_taskrun | abi::setup::no_sqarray))
        return fail(EINVAL, what, cause::bad_combination, raw(state_->features.setup));
    // The kernel copies what lies between its own heads and tails, of which a queue that rewinds
    // has none: it is for us to see that its SQEs fit, and to copy them.
    std::uint32_t const queued = sq_.rewinds() ? sq_.pending() : 0;
    if (entries != 0 && entries < queued && round_up_to_power_of_two(entries) < queued)
        return fail(EOVERFLOW, what);
    sq_.publish_any();
    cq_.release();
    abi::params p{};
    p.sq_entries = entries;
    p.cq_entries = cq_entries;
    p.flags = cq_entries != 0 ? raw(abi::setup::cqsize) : 0;
    if (auto resized = register_(abi::register_op::resize_rings, &p, 1); !resized)
        return fail(resized.error());
    return move_queues(p);
}

result<> ring::move_queues(abi::params const& p) noexcept {
    abi::params const before = std::exchange(state_->params, p);
    state_->params.flags = before.flags;
    state_->params.features = before.features;
    completion_queue const old = cq_;
    submission_queue const old_sq = sq_;
    mapping const old_sqes = std::move(state_->sqes); // to be read once more
    if (result<> mapped = map_queues(*state_, state_->registry->fd()); !mapped) {
        RONDO_ASSERT(false, "a ring was resized and its new queues could not be mapped: there is "
                            "no memory for page tables left, and the old queues are gone");
        return mapped;
    }
    attach_queues(*state_, sq_, cq_);
    sq_.continue_from(old_sq);
    cq_.continue_from(old);
    if (!state_->held.empty())
        cq_.hold(state_->frozen_tail);
    state_->features.sq_entries = p.sq_entries;
    state_->features.cq_entries = p.cq_entries;
    return {};
}

} // namespace rondo
