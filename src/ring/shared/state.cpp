// SPDX-License-Identifier: MIT
#include "state.hpp"

#include <cerrno>
#include <exception>
#include <new>

namespace rondo {
namespace {

/// For rings that several threads enter. What a single thread's ring has beyond that ties it to the
/// thread, or delivers late to others (coop_taskrun).
constexpr abi::setup shared_setup = abi::setup::submit_all | abi::setup::no_sqarray;

} // namespace

result<shard*> shared_state::make(std::uint32_t index) noexcept {
    std::lock_guard const guard(making);
    if (shard* const there = places[index]; there != nullptr)
        return there;
    if (stopped)
        return fail(ESHUTDOWN, attempt::setup, cause::ended);
    ring_options wanted{.entries = options.entries,
                        .cq_entries = options.cq_entries,
                        .flags = shared_setup,
                        .poller = options.poller,
                        .register_descriptor = false,
                        .wait_region = false,
                        .engine = options.engine,
                        .backend = options.backend};
    auto made = ring::create(wanted);
    if (!made)
        return fail(made.error());
    try {
        owned.reserve(owned.size() + 1);
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    auto* const fresh =
        new (std::nothrow) shard(std::move(*made), index, options.submit_delay_ns, alive());
    if (fresh == nullptr)
        return fail(ENOMEM, attempt::allocate);
    owned.emplace_back(fresh);
    // Partner: at()'s acquire.
    __atomic_store_n(&places[index], fresh, __ATOMIC_RELEASE);
    return fresh;
}

shard& shared_state::make_here(std::uint32_t index) noexcept {
    if (auto made = make(index))
        return **made;
    // Descriptors or memory have run out: all shards do the same work.
    std::lock_guard const guard(making);
    __atomic_store_n(&places[index], places[0], __ATOMIC_RELEASE);
    return *places[0];
}

} // namespace rondo
