// SPDX-License-Identifier: MIT
#include "plan.hpp"

#include <rondo/abi/region.hpp>

#include <algorithm>

namespace rondo {

result<> map_queues(ring_state& state, int fd) noexcept {
    abi::params const& p = state.params;
    auto const flags = static_cast<abi::setup>(p.flags);
    std::size_t const cqe = any(flags & abi::setup::cqe32) ? 32 : 16;
    std::size_t const sqe = any(flags & abi::setup::sqe128) ? 128 : 64;
    std::size_t const array =
        any(flags & abi::setup::no_sqarray)
            ? 0
            : p.sq_off.array + std::size_t{p.sq_entries} * sizeof(std::uint32_t);
    std::size_t const completions = p.cq_off.cqes + std::size_t{p.cq_entries} * cqe;
    bool const together = state.features.has_feature(abi::feature::single_mmap) ||
                          has(static_cast<abi::feature>(p.features), abi::feature::single_mmap);

    auto rings =
        state.backend().map(fd, abi::off_sq_ring, together ? std::max(array, completions) : array);
    if (!rings)
        return fail(rings.error());
    auto sqes = state.backend().map(fd, abi::off_sqes, std::size_t{p.sq_entries} * sqe);
    if (!sqes)
        return fail(sqes.error());
    if (!together) {
        auto apart = state.backend().map(fd, abi::off_cq_ring, completions);
        if (!apart)
            return fail(apart.error());
        state.completions = std::move(*apart);
    }
    state.rings = std::move(*rings);
    state.sqes = std::move(*sqes);
    return {};
}

void attach_queues(ring_state& state, submission_queue& sq, completion_queue& cq) noexcept {
    abi::params const& p = state.params;
    if (any(static_cast<abi::setup>(p.flags) & abi::setup::no_mmap)) {
        auto* const rings = reinterpret_cast<void*>(p.cq_off.user_addr);
        sq = submission_queue(rings, reinterpret_cast<void*>(p.sq_off.user_addr), p);
        cq = completion_queue(rings, p);
        return;
    }
    sq = submission_queue(state.rings.data(), state.sqes.data(), p);
    cq = completion_queue(state.completions ? state.completions.data() : state.rings.data(), p);
}

bool register_wait_region(ring_state& state) noexcept {
    auto page = mapping::anonymous(page_size(), {.keep_from_children = true});
    if (!page)
        return false;
    abi::region_desc region{};
    region.user_addr = reinterpret_cast<std::uintptr_t>(page->data());
    region.size = page->size();
    region.flags = raw(abi::region_flag::type_user);
    abi::mem_region_reg request{};
    request.region_uptr = reinterpret_cast<std::uintptr_t>(&region);
    request.flags = raw(abi::mem_region_flag::reg_wait_arg);
    if (!state.registry->call(abi::register_op::mem_region, &request, 1))
        return false;
    state.waits = std::move(*page);
    return true;
}

} // namespace rondo
